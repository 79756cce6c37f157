/** `serverless invoke local`: one function, once, on this machine, in its image where docker or podman answers. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { anyFunctionOption, option, type CommandContext } from '../context.js'
import { readBody, readPath } from '../invoke/read-work.js'
import { packageFiles } from '../package.js'
import { programPath } from '../program-path.js'

/** The program that runs it; relative to the compiled file. */
const RUN_ONCE_MAIN = programPath('dispatcher', 'run-once', 'main.js')

export async function invokeLocal(context: CommandContext): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'spillway-invoke-'))
  try {
    const described = join(directory, 'function.json')
    writeFileSync(described, JSON.stringify(describe(context)), { mode: 0o600 })
    const input = await inputFile(context, directory)
    process.exitCode = await run(['--function', described, ...(input === undefined ? [] : ['--input', input])])
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function describe(context: CommandContext): object {
  const { name, spec } = anyFunctionOption(context)
  const { directory, config } = context.service
  const environment = { ...spec.environment, ...givenVariables(context) }
  return { name, spec: { ...spec, environment }, files: packageFiles(directory, spec), local: config.backends.local }
}

/** `-e NAME=value`, once or several times. */
function givenVariables({ options }: Pick<CommandContext, 'options'>): Record<string, string> {
  const given = [options.env ?? []].flat().map(String)
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=')
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
      throw new SpillwayError('invalid-request', `--env must be NAME=value, got ${JSON.stringify(text)}.`)
    }),
  )
}

/** A file keeps its name and may be of any size; what was typed or piped in becomes one. */
async function inputFile(context: CommandContext, directory: string): Promise<string | undefined> {
  const path = option(context, 'path')
  if (path !== undefined && option(context, 'data') === undefined) return readPath(path, context)
  const body = await readBody(context)
  if (body.length === 0) return undefined
  const file = join(directory, 'input')
  writeFileSync(file, body)
  return file
}

/** Exit code of what Ctrl-C ended, as shells have it. */
const INTERRUPTED = 130

/**
 * Its streams are ours: the result goes to standard output. Ctrl-C reaches it too, and it ends by itself; we outlive
 * it to tidy up.
 */
async function run(words: string[]): Promise<number> {
  const child = spawn(process.execPath, [RUN_ONCE_MAIN, ...words], { stdio: ['ignore', 'inherit', 'inherit'] })
  let interrupted = false
  const interrupt = () => void (interrupted = true)
  const terminate = () => void child.kill('SIGTERM')
  process.on('SIGINT', interrupt).on('SIGTERM', terminate)
  try {
    const [code] = (await once(child, 'exit')) as [number | null]
    return interrupted ? INTERRUPTED : (code ?? 1)
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', terminate)
  }
}
