/** The configuration as the framework has read it -> our part of the service, or everything that is wrong with it. */
import { lambdaServiceProblems } from '../dispatcher/backends/lambda/compile/problems.js'
import { BACKEND_NAMES, OWN_KEYS, type BackendName, type FunctionSpec } from '../runtime/contract/function-spec.js'
import type { Problem } from '../runtime/contract/problem.js'
import { configuredBackends, readServiceConfig, type ServiceConfig } from '../runtime/contract/service-config.js'
import { findLoop } from '../runtime/contract/workflow.js'
import { placeFunctions, type Placed, type ReadFunction } from './lambda/place-functions.js'
import { fullName, type ServiceName } from './names.js'
import { readFunction, type FunctionReading, type Names } from './read-function.js'
import type { Configuration, FunctionBlock } from './serverless.js'
import type { Service } from './service.js'

export interface ServiceSource extends ServiceName {
  directory: string
  /** Of the stack, if there is one. */
  region: string
  configuration: Configuration
}

/** Keys of the functions that are ours: those with at least one key that only we know. */
export const ownFunctions = (functions: Record<string, FunctionBlock> = {}): string[] =>
  Object.entries(functions)
    .filter(([, block]) => Object.keys(block).some((key) => OWN_KEYS.includes(key)))
    .map(([key]) => key)

export function readService(source: ServiceSource): { service?: Service; problems: Problem[] } {
  const { configuration, ...place } = source
  const { spillway, functions = {} } = configuration
  const { value: config, problems } = readServiceConfig(spillway)
  const names = namesOf(config, spillway)
  const provider = providerOf(configuration)
  const read = ownFunctions(functions).map((key) =>
    readFunction({ ...place, key, block: functions[key]!, provider, names }),
  )
  const specs = Object.fromEntries(read.flatMap(({ key, spec }) => (spec ? [[key, spec]] : [])))
  const all = [...problems, ...read.flatMap((reading) => reading.problems), ...loopProblems(specs)]
  if (all.length > 0 || !config) return { problems: all }
  return complete(source, config, named(source, read))
}

const providerOf = ({ provider }: Configuration): FunctionBlock =>
  typeof provider === 'object' && provider !== null ? (provider as FunctionBlock) : {}

const named = (source: ServiceSource, read: readonly FunctionReading[]): ReadFunction[] =>
  read.flatMap(({ key, spec, passed }) =>
    spec ? [{ key, name: fullName(source, key), spec, ...(passed ? { passed } : {}) }] : [],
  )

/** What can only be judged when everything else is right. */
function complete(
  { service, stage, directory, region, configuration }: ServiceSource,
  config: ServiceConfig,
  functions: readonly ReadFunction[],
): { service?: Service; problems: Problem[] } {
  const placed = placeFunctions({ service, stage, region, config, provider: providerOf(configuration), functions })
  const problems = [...regionProblems(config, region), ...(placed.lambda ? lambdaServiceProblems(placed.lambda) : [])]
  if (problems.length > 0) return { problems }
  return { service: { service, stage, directory, config, ...partsOf(functions, placed) }, problems: [] }
}

function partsOf(functions: readonly ReadFunction[], { lambda, direct, notes }: Placed) {
  const bare = functions.map(({ key, name, spec }) => ({ key, name, spec }))
  return {
    functions: bare.filter(({ key }) => !direct.includes(key)),
    direct: bare.filter(({ key }) => direct.includes(key)),
    notes,
    ...(lambda ? { lambda } : {}),
  }
}

function regionProblems({ backends }: ServiceConfig, region: string): Problem[] {
  const wanted = backends.lambda?.region
  if (wanted === undefined || wanted === region) return []
  return [
    {
      path: 'spillway.backends.lambda.region',
      expected: `must be ${region}, where the stack of this service is`,
      value: wanted,
      fix: 'Leave it out, or set `provider.region`.',
    },
  ]
}

/** Where the block itself has problems, its names still count, so that functions are not blamed for them. */
function namesOf(config: ServiceConfig | undefined, block: unknown): Names {
  const storage = config?.storage ?? (block as { storage?: object } | undefined)?.storage ?? {}
  const backends: readonly BackendName[] = config ? configuredBackends(config.backends) : BACKEND_NAMES
  return { storages: Object.keys(storage), backends }
}

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
