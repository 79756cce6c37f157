/** The configuration as the framework has read it -> our part of the service, or everything that is wrong with it. */
import {
  BACKEND_NAMES,
  FunctionSpecSchema,
  OWN_KEYS,
  type BackendName,
  type FunctionSpec,
} from '../runtime/contract/function-spec.js'
import type { Problem } from '../runtime/contract/problem.js'
import { readFunctionSpec, type SpecContext } from '../runtime/contract/read-function-spec.js'
import { configuredBackends, readServiceConfig, type ServiceConfig } from '../runtime/contract/service-config.js'
import { findLoop } from '../runtime/contract/workflow.js'
import { unavailableInBlock, unavailableInFunction } from './available-backends.js'
import { fullName, type ServiceName } from './names.js'
import { fileProblems } from './file-problems.js'
import type { Configuration, FunctionBlock } from './serverless.js'

export interface ServiceFunction {
  /** Key in `functions`. */
  key: string
  /** Name in the dispatcher. */
  name: string
  spec: FunctionSpec
}

export interface Service extends ServiceName {
  /** Where serverless.yml lies. */
  directory: string
  config: ServiceConfig
  functions: ServiceFunction[]
}

export interface ServiceSource extends ServiceName {
  directory: string
  configuration: Configuration
}

/** Keys of the framework that mean something for our functions too; none of them goes into the spec. */
const FRAMEWORK_KEYS: readonly string[] = ['name', 'description', 'tags', 'handler', 'events']

/** What functions inherit from `provider`, as in the framework. */
const INHERITED = ['memorySize', 'timeout', 'architecture'] as const

/** Keys of the functions that are ours: those with at least one key that only we know. */
export const ownFunctions = (functions: Record<string, FunctionBlock> = {}): string[] =>
  Object.entries(functions)
    .filter(([, block]) => Object.keys(block).some((key) => OWN_KEYS.includes(key)))
    .map(([key]) => key)

export function readService(source: ServiceSource): { service?: Service; problems: Problem[] } {
  const { spillway, functions = {} } = source.configuration
  const block = withoutPlanned(spillway)
  const { value: config, problems } = readServiceConfig(block)
  const context = contextOf(config, block)
  const read = ownFunctions(functions).map((key) => readFunction(source, key, functions[key]!, context))
  const specs = Object.fromEntries(read.flatMap(({ key, spec }) => (spec ? [[key, spec]] : [])))
  const all = [
    ...unavailableInBlock((spillway as { backends?: unknown } | undefined)?.backends, 'spillway.backends'),
    ...problems,
    ...read.flatMap((reading) => reading.problems),
    ...loopProblems(specs),
  ]
  if (all.length > 0 || !config) return { problems: all }
  const { service, stage, directory } = source
  const named = Object.entries(specs).map(([key, spec]) => ({ key, name: fullName(source, key), spec }))
  return { service: { service, stage, directory, config, functions: named }, problems: [] }
}

/** Problems of planned back-ends are reported once, by name, and not again for what stands below them. */
function withoutPlanned(spillway: unknown): unknown {
  const backends = (spillway as { backends?: unknown } | undefined)?.backends
  if (typeof backends !== 'object' || backends === null) return spillway
  const planned = unavailableInBlock(backends, '').map(({ path }) => path.slice(1))
  const rest = Object.fromEntries(Object.entries(backends).filter(([name]) => !planned.includes(name)))
  return { ...(spillway as object), backends: rest }
}

type Names = Pick<SpecContext, 'storages' | 'backends'>

/** Where the block itself has problems, its names still count, so that functions are not blamed for them. */
function contextOf(config: ServiceConfig | undefined, block: unknown): Names {
  const storage = config?.storage ?? (block as { storage?: object } | undefined)?.storage ?? {}
  const backends: readonly BackendName[] = config ? configuredBackends(config.backends) : BACKEND_NAMES
  return { storages: Object.keys(storage), backends }
}

interface FunctionReading {
  key: string
  spec?: FunctionSpec
  problems: Problem[]
}

function readFunction(source: ServiceSource, key: string, block: FunctionBlock, names: Names): FunctionReading {
  const path = `functions.${key}`
  const planned = unavailableInFunction(block.backends, `${path}.backends`)
  const reading = readFunctionSpec(ownPart(block, source.configuration.provider, planned.length > 0), {
    ...names,
    path,
  })
  const problems = [
    ...planned,
    ...frameworkKeyProblems(source, key, block),
    ...reading.problems,
    ...fileProblems(source.directory, reading.value ?? sourcesAsWritten(block), path),
  ]
  return { key, problems, ...(reading.value ? { spec: reading.value } : {}) }
}

/** Where the spec has other problems, its files are looked for all the same. */
function sourcesAsWritten({ script, files }: FunctionBlock): Pick<FunctionSpec, 'script' | 'files'> {
  const list = Array.isArray(files) ? files : [files]
  return {
    files: list.filter((file): file is string => typeof file === 'string'),
    ...(typeof script === 'string' ? { script } : {}),
  }
}

function ownPart(block: FunctionBlock, provider: unknown, dropBackends: boolean): FunctionBlock {
  const own = Object.fromEntries(
    Object.entries(block).filter(([key]) => !FRAMEWORK_KEYS.includes(key) && !(dropBackends && key === 'backends')),
  )
  const above = typeof provider === 'object' && provider !== null ? (provider as FunctionBlock) : {}
  const inherited = Object.fromEntries(INHERITED.flatMap((key) => (above[key] == null ? [] : [[key, above[key]]])))
  const environment = isMap(above.environment) && (own.environment === undefined || isMap(own.environment))
  return {
    ...inherited,
    ...own,
    ...(environment
      ? { environment: { ...(above.environment as object), ...(own.environment as object | undefined) } }
      : {}),
  }
}

const isMap = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)

function frameworkKeyProblems(source: ServiceSource, key: string, { name, handler, events }: FunctionBlock): Problem[] {
  const path = `functions.${key}`
  const problems: Problem[] = []
  if (name !== undefined && name !== fullName(source, key))
    problems.push({
      path: `${path}.name`,
      expected: `must be left out or ${fullName(source, key)}`,
      value: name,
      fix: 'Rename the function itself.',
    })
  if (handler !== undefined)
    problems.push({
      path: `${path}.handler`,
      expected: 'is for ordinary Lambda functions',
      value: handler,
      fix: `Use \`script\` or \`command\`; or remove ${ourKeys()} to keep it an ordinary one.`,
    })
  if (Array.isArray(events) ? events.length > 0 : events !== undefined)
    problems.push({
      path: `${path}.events`,
      expected: 'is for ordinary Lambda functions',
      fix: 'Use `input` to start on files; requests come in through `serverless invoke` and the API.',
    })
  return problems
}

const ourKeys = () =>
  `the keys ${Object.keys(FunctionSpecSchema.properties)
    .filter((key) => OWN_KEYS.includes(key))
    .slice(0, 4)
    .join(', ')} ...`

function loopProblems(specs: Record<string, FunctionSpec>): Problem[] {
  const loop = findLoop(specs)
  if (!loop) return []
  return [
    {
      path: `functions.${loop[0]}`,
      expected: `starts itself: ${loop.join(' -> ')}`,
      fix: 'Give its results another bucket or prefix, or narrow `suffix` or `match`.',
    },
  ]
}
