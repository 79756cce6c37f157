/** The program behind `serverless invoke local`, as a process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { readFunctionSpec } from '../../runtime/contract/read-function-spec.js'
import { REPOSITORY } from './dispatcher-process.js'

const MAIN = join(REPOSITORY, 'dist/dispatcher/run-once/main.js')
const STORAGES = ['lake', 'here']

export interface OneRunOptions {
  /** Gets the description of the function. */
  directory: string
  script?: string
  spec?: Record<string, unknown>
  local?: Record<string, unknown>
  arguments?: string[]
  environment?: Record<string, string>
}

export interface OneRunEnd {
  code: number | null
  stdout: string
  stderr: string
}

export function startOnce({ directory, script, spec, local, environment, arguments: words = [] }: OneRunOptions) {
  const raw = { ...(script === undefined ? {} : { script: 'work.sh' }), ...spec }
  const { value, problems } = readFunctionSpec(raw, { path: 'f', storages: STORAGES, backends: ['local'] })
  if (!value) throw new Error(JSON.stringify(problems))
  const files =
    script === undefined ? [] : [{ path: 'work.sh', mode: 0o644, data: Buffer.from(script).toString('base64') }]
  const file = join(directory, 'function.json')
  writeFileSync(file, JSON.stringify({ name: 'once-dev-f', spec: value, files, local }))
  return spawn(process.execPath, [MAIN, '--function', file, ...words], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: directory, TMPDIR: directory, ...environment },
  })
}

export async function runOnceToItsEnd(options: OneRunOptions): Promise<OneRunEnd> {
  const child = startOnce(options)
  const ended = once(child, 'exit') as Promise<[number | null]>
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, stdout, stderr }
}
