/** The examples as a test needs them: read and packaged as the CLI does it, a script run alone, all of it on a dispatcher. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { readService } from '../../plugin/read-service.js'
import type { Service } from '../../plugin/service.js'
import { buildRegistrations } from '../../plugin/registration.js'
import type { Configuration } from '../../plugin/serverless.js'
import { formatProblems } from '../../runtime/contract/problem.js'
import { scriptVariables } from '../../runtime/contract/worker-environment.js'
import type { DispatcherProcess } from './dispatcher-process.js'

export const EXAMPLES = join(__dirname, '../../examples')

/** Throws with the problems where it has some. */
export function readExample(name: string): Service {
  const directory = join(EXAMPLES, name)
  const configuration = parse(readFileSync(join(directory, 'serverless.yml'), 'utf8')) as Configuration
  const { service, problems } = readService({
    service: String(configuration.service),
    stage: 'dev',
    directory,
    region: 'us-east-1',
    configuration,
  })
  if (!service) throw new Error(formatProblems(problems))
  return service
}

/** Registers the functions, all or those that are named. Answers whether each is a new release. */
export async function deployExample(dispatcher: DispatcherProcess, name: string, keys?: string[]): Promise<boolean[]> {
  const created: boolean[] = []
  for (const registration of buildRegistrations(readExample(name))) {
    if (keys && !keys.includes(registration.key)) continue
    const path = `/v1/functions/${registration.name}`
    const answer = await dispatcher.json<{ created: boolean }>('PUT', path, registration.body)
    if (answer.status >= 300) throw new Error(JSON.stringify(answer.body))
    created.push(answer.body.created)
  }
  return created
}

export interface ScriptRun {
  /** Below the examples. */
  script: string
  inputFile: string
  /** A folder of the test's own. */
  base: string
  /** Key of the object; without it the input is a request. */
  key?: string
  environment?: Record<string, string>
}

/** Runs a script as the supervisor does: with the variables of the contract and nothing else. */
export async function runScript(run: ScriptRun): Promise<{ stdout: string; outputDir: string }> {
  const { script, inputFile, base, key, environment } = run
  const outputDir = join(base, 'output')
  mkdirSync(outputDir, { recursive: true })
  const variables = scriptVariables({
    invocation: '01900000-0000-7000-8000-000000000001',
    attempt: 1,
    functionName: 'example-dev-function',
    release: 1,
    backend: 'local',
    deadlineMs: Date.now() + 20_000,
    event: '{}',
    eventFile: join(base, 'event.json'),
    eventTime: new Date().toISOString(),
    inputFile,
    inputDir: base,
    outputDir,
    filesDir: join(EXAMPLES, script.split('/')[0]!),
    ...(key === undefined ? {} : { objectKey: key }),
  })
  const env = { PATH: process.env.PATH, ...variables, ...environment }
  const { stdout } = await promisify(execFile)(join(EXAMPLES, script), { cwd: base, env })
  return { stdout, outputDir }
}
