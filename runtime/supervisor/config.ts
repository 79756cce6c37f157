/** The environment and the worker file, read once, at the start. */
import { readFileSync } from 'node:fs'
import { asError } from '../contract/errors.js'
import type { WorkerFile } from '../contract/runtime-api.js'
import { SUPERVISOR_VARIABLES, TOKEN_ON_STANDARD_INPUT } from '../contract/worker-environment.js'

const STANDARD_INPUT = 0

export type Environment = Readonly<Record<string, string | undefined>>

/** Where the Runtime API is and how to be let in; the first thing needed, also to report that the rest is wrong. */
export interface ApiConfig {
  /** `http://host:port` */
  baseUrl: string
  /** Undefined on Lambda, whose own API asks for none. */
  token?: string
}

export interface WorkerConfig {
  /** Directory for scratch space. */
  scratch: string
  worker: WorkerFile
  /** What a script inherits: the environment without anything of our own. */
  inherited: Record<string, string>
}

/** A setting that is missing or wrong; its message names the variable or the file. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export function readApiConfig(environment: Environment): ApiConfig {
  const address = required(environment, SUPERVISOR_VARIABLES.runtimeApi)
  const baseUrl = /^https?:\/\//.test(address) ? address : `http://${address}`
  if (!URL.canParse(baseUrl))
    throw new ConfigError(`${SUPERVISOR_VARIABLES.runtimeApi} must be host:port of the Runtime API, got "${address}"`)
  const token = readToken(environment)
  return { baseUrl: baseUrl.replace(/\/+$/, ''), ...(token ? { token } : {}) }
}

function readToken(environment: Environment): string | undefined {
  const given = environment[SUPERVISOR_VARIABLES.startToken] || environment[SUPERVISOR_VARIABLES.workerToken]
  return given === TOKEN_ON_STANDARD_INPUT ? readFileSync(STANDARD_INPUT, 'utf8').trim() : given
}

/** True for a worker that fetches all but its environment, with the token that `readApiConfig` gives. */
export const hasStartToken = (environment: Environment): boolean => !!environment[SUPERVISOR_VARIABLES.startToken]

/** `fetched`: the worker file of a worker that had a start token. */
export function readWorkerConfig(environment: Environment, fetched?: WorkerFile): WorkerConfig {
  return Object.freeze({
    scratch: required(environment, SUPERVISOR_VARIABLES.scratch),
    worker: fetched
      ? checked(fetched, 'that the dispatcher sent')
      : readWorkerFile(required(environment, SUPERVISOR_VARIABLES.workerFile)),
    inherited: inheritedBy(environment),
  })
}

export function required(environment: Environment, name: string): string {
  const value = environment[name]
  if (!value) throw new ConfigError(`${name} is not set; the back-end that starts a worker sets it`)
  return value
}

function readWorkerFile(path: string): WorkerFile {
  const text = readText(path, 'worker file')
  try {
    return checked(Object(JSON.parse(text)) as Partial<WorkerFile>, path)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError(`the worker file ${path} cannot be read: ${asError(error).message}`)
  }
}

function checked(worker: Partial<WorkerFile>, place: string): WorkerFile {
  const problems = workerFileProblems(worker)
  if (problems.length > 0) throw new ConfigError(`the worker file ${place} is wrong: ${problems.join('; ')}`)
  return worker as WorkerFile
}

export function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(`the ${what} ${path} cannot be read: ${asError(error).message}`)
  }
}

function workerFileProblems(worker: Partial<WorkerFile>): string[] {
  const isText = (value: unknown) => typeof value === 'string' && value !== ''
  const checks: [boolean, string][] = [
    [isText(worker.function), 'function must be a name'],
    [Number.isInteger(worker.release), 'release must be a number'],
    [isText(worker.backend), 'backend must be a name'],
    [isRun(worker.run), 'run must be a script with a path or a command that is a list'],
    [typeof worker.environment === 'object' && worker.environment !== null, 'environment must be a map'],
    [isText(worker.filesDir), 'filesDir must be a path'],
    [Number(worker.heartbeatSeconds) > 0, 'heartbeatSeconds must be over 0'],
    [Number(worker.leaseSeconds) > 0, 'leaseSeconds must be over 0'],
  ]
  return checks.flatMap(([sound, text]) => (sound ? [] : [text]))
}

function isRun(run: WorkerFile['run'] | undefined): boolean {
  if (run?.kind === 'script') return typeof run.path === 'string' && run.path !== ''
  return run?.kind === 'command' && Array.isArray(run.command) && typeof run.command[0] === 'string'
}

/** A kubelet puts them into every container: https://kubernetes.io/docs/concepts/containers/container-environment/ */
const PLATFORM = /^KUBERNETES_(SERVICE|PORT)(_|$)/

/** Everything but our own variables and the platform's: the rest is the image's, or what the back-end wants a script to have. */
function inheritedBy(environment: Environment): Record<string, string> {
  const ours = new Set<string>(Object.values(SUPERVISOR_VARIABLES))
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => !ours.has(entry[0]) && !PLATFORM.test(entry[0]) && entry[1] !== undefined,
    ),
  )
}
