/** The dispatcher's configuration: one YAML file, every value also from the environment; credentials never from YAML. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { Type, type Static, type TSchema } from '@sinclair/typebox'
import { parse as parseYaml } from 'yaml'
import { asError, SpillwayError } from '../runtime/contract/errors.js'
import { HEARTBEAT_SECONDS, LEASE_SECONDS } from '../runtime/contract/invocation.js'
import { formatProblems, type Problem } from '../runtime/contract/problem.js'
import { readWith } from '../runtime/contract/read-schema.js'
import { object, oneOf, seconds, text } from '../runtime/contract/schema.js'
import {
  backendProblems,
  ServiceConfigSchema,
  storageProblems,
  type StorageConfig,
  type StorageKeys,
} from '../runtime/contract/service-config.js'
import { readStorageKeys } from './storage-keys.js'

export const ConfigSchema = object(
  {
    listen: Type.String({
      description: 'address and port; port 0 takes a free one',
      pattern: '^(\\[[0-9a-fA-F:]+\\]|[^:\\s]+):[0-9]{1,5}$',
      default: '127.0.0.1:7700',
      hint: 'Write 127.0.0.1:7700, or 0.0.0.0:7700 to be reachable from elsewhere (then tokens are needed).',
    }),
    stateDirectory: text({ description: 'where the dispatcher keeps its files', default: './.spillway' }),
    database: Type.Optional(
      text({
        description: '`sqlite:path` or `postgres://user@host/database`, see [Database](#database)',
        defaultText: 'sqlite:<stateDirectory>/spillway.db',
      }),
    ),
    storage: ServiceConfigSchema.properties.storage,
    backends: ServiceConfigSchema.properties.backends,
    routing: ServiceConfigSchema.properties.routing,
    lease: seconds({ description: 'how long a silent worker keeps its attempt', default: LEASE_SECONDS }),
    heartbeat: seconds({ description: 'how often a worker says that it is alive', default: HEARTBEAT_SECONDS }),
    drain: seconds({
      description: 'how long running attempts may go on when the dispatcher is asked to stop',
      exclusiveMinimum: undefined,
      minimum: 0,
      default: 5,
    }),
    logLevel: oneOf(['debug', 'info', 'warn', 'error', 'silent'], {
      description: 'least level that is logged',
      default: 'info',
    }),
  },
  { description: 'the file of the dispatcher' },
)

/** Who may call what; the tokens of a role, none = the role needs no token (loopback only). */
export interface Tokens {
  user: readonly string[]
  events: readonly string[]
}

export interface DispatcherConfig extends Readonly<Required<Static<typeof ConfigSchema>>> {
  readonly host: string
  readonly port: number
  readonly tokens: Tokens
  /** Goes before the one of the URL. */
  readonly databasePassword: string | undefined
  /** Credentials of storages, by name. */
  readonly storageKeys: Readonly<Record<string, StorageKeys>>
  /** Signs worker tokens; kept in the state directory so that workers survive a restart. */
  readonly workerSecret: Buffer
  /** CPUs of this machine */
  readonly processors: number
  /** MB */
  readonly memory: number
  /** PATH, HOME and the like, for scripts that run on this machine. */
  readonly machine: Readonly<Record<string, string>>
  /** What tells who may sign in to which registry. */
  readonly registries: Readonly<Record<string, string>>
  /** What docker and podman need to find their engine, their user's configuration and registries. */
  readonly engine: Readonly<Record<string, string>>
  /** Servers that stand in for AWS, by service; of the rest AWS's own clients see to the environment themselves. */
  readonly awsEndpoints: { readonly lambda?: string; readonly s3?: string }
  readonly secret: (name: string) => string | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/** Variables of this machine that a script may see; nothing else of the dispatcher's environment reaches it. */
const MACHINE_VARIABLES = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LANGUAGE', 'LC_ALL', 'LC_CTYPE', 'TZ']

/** https://docs.docker.com/reference/cli/docker/#environment-variables, https://docs.podman.io/en/latest/markdown/podman.1.html */
const ENGINE_VARIABLES =
  /^(PATH|HOME|USER|LOGNAME|LANG|TMPDIR|XDG_.*|DBUS_SESSION_BUS_ADDRESS|DOCKER_.*|CONTAINERS?_.*|STORAGE_.*|REGISTRY_AUTH_FILE|SSL_CERT_.*|(HTTPS?|NO)_PROXY)$/i

/** Credentials of ours by registry, and the files of docker and podman. */
const REGISTRY_VARIABLES = /^(SPILLWAY_REGISTRY_.*|HOME|PATH|XDG_.*|DOCKER_CONFIG|REGISTRY_AUTH_FILE)$/

export function readConfig(file: string | undefined, environment: Environment): DispatcherConfig {
  const value = checkedConfig(file ? readYaml(file) : {}, environment, file)
  const base = file ? dirname(resolve(file)) : process.cwd()
  return Object.freeze(complete(value, environment, base))
}

/** What stands in a file, with the environment over it; throws all that is wrong with the two. */
export function checkedConfig(content: unknown, environment: Environment, file?: string): Static<typeof ConfigSchema> {
  const raw = overlay(ConfigSchema, content, environment, 'SPILLWAY')
  const { value, problems } = readWith<Static<typeof ConfigSchema>>(ConfigSchema, raw, file ?? 'environment')
  const all = value ? configProblems(value, environment) : problems
  if (value && all.length === 0) return value
  throw new SpillwayError(
    'invalid-configuration',
    `The configuration has ${all.length} problem(s):\n${formatProblems(all)}`,
    { problems: all },
  )
}

function complete(value: Static<typeof ConfigSchema>, environment: Environment, base: string): DispatcherConfig {
  const stateDirectory = resolve(base, value.stateDirectory)
  const { host, port } = splitListen(value.listen)
  return {
    ...value,
    stateDirectory,
    storage: Object.fromEntries(
      Object.entries(value.storage).map(([name, storage]) => [name, absoluteStorage(storage, base)]),
    ),
    database: value.database ? absoluteSqlite(value.database, base) : `sqlite:${join(stateDirectory, 'spillway.db')}`,
    host,
    port,
    tokens: readTokens(environment),
    databasePassword: databasePassword(value.database, environment),
    storageKeys: readStorageKeys(value.storage, environment).keys,
    workerSecret: workerSecret(environment, stateDirectory),
    processors: availableParallelism(),
    memory: Math.floor(totalmem() / 1024 ** 2),
    machine: chosen(environment, (name) => MACHINE_VARIABLES.includes(name)),
    registries: chosen(environment, (name) => REGISTRY_VARIABLES.test(name)),
    engine: chosen(environment, (name) => ENGINE_VARIABLES.test(name)),
    awsEndpoints: awsEndpoints(environment),
    secret: (name) => environment[`SPILLWAY_SECRET_${upper(name)}`],
  }
}

function configProblems(value: Static<typeof ConfigSchema>, environment: Environment): Problem[] {
  const { host } = splitListen(value.listen)
  const { problems: keyProblems } = readStorageKeys(value.storage, environment)
  const problems = [
    ...storageProblems(value.storage, 'storage'),
    ...keyProblems,
    ...backendProblems(value.backends, 'backends'),
  ]
  if (!isLoopback(host) && readTokens(environment).user.length === 0)
    problems.push({
      path: 'listen',
      expected: 'must be a loopback address unless users have a token',
      value: value.listen,
      fix: 'Set SPILLWAY_TOKENS_USER (and SPILLWAY_TOKENS_EVENTS for senders of events), or the same names with _FILE.',
    })
  if (environment.SPILLWAY_DATABASE === undefined && hasPassword(value.database))
    problems.push({
      path: 'database',
      expected: 'must have no password in a file',
      fix: 'Set SPILLWAY_DATABASE_PASSWORD or SPILLWAY_DATABASE_PASSWORD_FILE.',
    })
  if (value.heartbeat * 2 > value.lease)
    problems.push({
      path: 'heartbeat',
      expected: 'must be at most half of the lease',
      value: value.heartbeat,
      fix: `The lease is ${value.lease} s.`,
    })
  return problems
}

export const isLoopback = (host: string): boolean => /^(127(\.[0-9]{1,3}){3}|localhost|\[?::1\]?)$/.test(host)

function splitListen(listen: string): { host: string; port: number } {
  const at = listen.lastIndexOf(':')
  return { host: listen.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(listen.slice(at + 1)) }
}

/** `storage.lake.endpoint` comes from SPILLWAY_STORAGE_LAKE_ENDPOINT, and so on for every value. */
function overlay(schema: TSchema, raw: unknown, environment: Environment, prefix: string): unknown {
  if (schema.properties && isRecordOrNothing(raw)) {
    const entries = Object.entries(schema.properties as Record<string, TSchema>).map(([key, child]) => [
      key,
      overlay(child, raw?.[key], environment, `${prefix}_${upper(key)}`),
    ])
    const present = Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Record<string, unknown>
    return Object.keys(present).length > 0 || raw !== undefined ? { ...raw, ...present } : undefined
  }
  if (schema.patternProperties && isRecordOrNothing(raw)) {
    const child = Object.values(schema.patternProperties as Record<string, TSchema>)[0]!
    const entries = Object.entries(raw ?? {}).map(([key, value]) => [
      key,
      overlay(child, value, environment, `${prefix}_${upper(key)}`),
    ])
    return raw === undefined ? undefined : Object.fromEntries(entries)
  }
  const given = environment[prefix]
  return given === undefined ? raw : fromText(schema, given)
}

/** Variables are texts; numbers and yes-or-no are read from them where the schema wants such. */
function fromText(schema: TSchema, given: string): unknown {
  const isNumber = schema.type === 'integer' || schema.type === 'number'
  if (isNumber && given.trim() !== '' && Number.isFinite(Number(given))) return Number(given)
  if (schema.type === 'boolean' && /^(true|false)$/.test(given)) return given === 'true'
  return given
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html */
function awsEndpoints(environment: Environment): DispatcherConfig['awsEndpoints'] {
  const [lambda, s3] = ['LAMBDA', 'S3'].map(
    (service) => environment[`AWS_ENDPOINT_URL_${service}`] ?? environment.AWS_ENDPOINT_URL,
  )
  return { ...(lambda ? { lambda } : {}), ...(s3 ? { s3 } : {}) }
}

const chosen = (environment: Environment, isChosen: (name: string) => boolean): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && isChosen(entry[0]),
    ),
  )

const isRecordOrNothing = (value: unknown): value is Record<string, unknown> | undefined =>
  value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value))

/** `stateDirectory` -> `STATE_DIRECTORY`, `my-lake` -> `MY_LAKE` */
const upper = (name: string) =>
  name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]/g, '_')
    .toUpperCase()

function readYaml(file: string): unknown {
  try {
    return (parseYaml(readFileSync(file, 'utf8')) as unknown) ?? {}
  } catch (thrown) {
    throw new SpillwayError(
      'invalid-configuration',
      `The configuration file ${file} cannot be read: ${asError(thrown).message}`,
    )
  }
}

function readTokens(environment: Environment): Tokens {
  return {
    user: tokensOf('SPILLWAY_TOKENS_USER', environment),
    events: tokensOf('SPILLWAY_TOKENS_EVENTS', environment),
  }
}

/** A comma- or line-separated list from NAME, or from the file that NAME_FILE names. */
function tokensOf(name: string, environment: Environment): string[] {
  const file = environment[`${name}_FILE`]
  const list = file ? readSecretFile(`${name}_FILE`, file) : (environment[name] ?? '')
  return list.split(/[\s,]+/).filter((token) => token !== '')
}

/** `PGPASSWORD` is the one that other programs have too: it comes last. */
function databasePassword(url: string | undefined, environment: Environment): string | undefined {
  const file = environment.SPILLWAY_DATABASE_PASSWORD_FILE
  if (file) return readSecretFile('SPILLWAY_DATABASE_PASSWORD_FILE', file).replace(/\r?\n$/, '')
  return environment.SPILLWAY_DATABASE_PASSWORD ?? (hasPassword(url) ? undefined : environment.PGPASSWORD)
}

const hasPassword = (url: string | undefined): boolean => url !== undefined && /^[a-z]+:\/\/[^@/]*:[^@]*@/.test(url)

function readSecretFile(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (thrown) {
    throw new SpillwayError(
      'invalid-configuration',
      `${variable} must name a file that can be read, got ${file}: ${asError(thrown).message}`,
    )
  }
}

/** Hexadecimal digits. */
const SECRET_LENGTH = 64

function workerSecret(environment: Environment, stateDirectory: string): Buffer {
  const given = environment.SPILLWAY_WORKER_SECRET
  if (given) return Buffer.from(given)
  const path = join(stateDirectory, 'worker-secret')
  const kept = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
  return Buffer.from(kept.length >= SECRET_LENGTH ? kept : newWorkerSecret(path))
}

/** A file that a power cut left empty would make every token worth nothing: it gets its name when it is complete. */
function newWorkerSecret(path: string): string {
  const secret = randomBytes(SECRET_LENGTH / 2).toString('hex')
  const draft = `${path}.${process.pid}`
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(draft, secret, { mode: 0o600, flush: true })
  renameSync(draft, path)
  return secret
}

const absoluteStorage = (storage: StorageConfig, base: string): StorageConfig => ({
  ...storage,
  ...(storage.path === undefined ? {} : { path: resolve(base, storage.path) }),
  ...(storage.caFile === undefined ? {} : { caFile: resolve(base, storage.caFile) }),
})

function absoluteSqlite(url: string, base: string): string {
  return url.startsWith('sqlite:') ? `sqlite:${resolve(base, url.slice('sqlite:'.length))}` : url
}
