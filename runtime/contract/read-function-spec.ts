/** A function as people write it -> its spec in normal form, or everything that is wrong with it. */
import { LAMBDA_LIMITS } from './aws-limits.js'
import {
  defaultCpu,
  FunctionSpecSchema,
  isOnThisMachine,
  specFor,
  type BackendName,
  type FunctionSpec,
} from './function-spec.js'
import type { Problem } from './problem.js'
import { isRecord, readWith, suggest, type Reading } from './read-schema.js'
import { formatMegabytes } from './units.js'

export interface SpecContext {
  /** What the person calls the place, e.g. `functions.classify`. */
  path: string
  /** Names of the configured storages. */
  storages: readonly string[]
  /** Back-ends that the service configures; the default of `backends`. */
  backends: readonly BackendName[]
}

export function readFunctionSpec(raw: unknown, context: SpecContext): Reading<FunctionSpec> {
  const reading = readWith<FunctionSpec>(FunctionSpecSchema, withComputedDefaults(raw, context), context.path)
  if (!reading.value)
    return {
      problems: [
        ...reading.problems,
        ...crossProblems(raw, context),
        ...unknownStorages(readableRules(raw, context), context),
      ],
    }
  const problems = [...crossProblems(raw, context), ...specProblems(reading.value, context)]
  return problems.length > 0 ? { problems } : reading
}

/** Defaults that depend on something else than the key itself; what is not an object is left for the schema to refuse. */
function withComputedDefaults(raw: unknown, { storages }: SpecContext): unknown {
  if (!isRecord(raw)) return raw
  const spec = structuredClone(raw)
  const megabytes = readWith<number>(FunctionSpecSchema.properties.memorySize, spec.memorySize, '').value
  if (spec.cpu === undefined || spec.cpu === null) spec.cpu = defaultCpu(megabytes ?? 1024)
  const only = storages.length === 1 ? storages[0] : undefined
  for (const key of ['input', 'output']) if (only !== undefined) spec[key] = withStorage(spec[key], only)
  return spec
}

const withStorage = (rules: unknown, storage: string): unknown => {
  if (Array.isArray(rules)) return rules.map((rule) => withStorage(rule, storage))
  if (typeof rules === 'string' && !rules.includes('://')) return `${storage}://${rules}`
  return isRecord(rules) && rules.storage === undefined ? { ...rules, storage } : rules
}

/** Checks that look at several keys and hold even where the schema has already found something. */
function crossProblems(raw: unknown, { path }: SpecContext): Problem[] {
  if (!isRecord(raw)) return []
  const problems: Problem[] = []
  if (raw.script !== undefined && raw.command !== undefined)
    problems.push({ path, expected: 'must have `script` or `command`, not both', fix: 'Remove one of them.' })
  for (const [place, variables] of environments(raw, path)) problems.push(...credentialProblems(variables, place))
  return problems
}

const environments = (raw: Record<string, unknown>, path: string) =>
  [
    [`${path}.environment`, raw.environment],
    ...(['local', 'kubernetes', 'lambda'] as const).map(
      (backend) =>
        [`${path}.${backend}.environment`, (raw[backend] as Record<string, unknown> | undefined)?.environment] as const,
    ),
  ].filter((entry): entry is [string, Record<string, unknown>] => isRecord(entry[1]))

const CREDENTIAL_NAME =
  /(^|_)(PASSWORD|PASSWD|SECRET|SECRET_KEY|SECRET_ACCESS_KEY|ACCESS_KEY|API_KEY|PRIVATE_KEY|SESSION_TOKEN|AUTH_TOKEN|ACCESS_TOKEN)$/i
const CREDENTIAL_VALUE =
  /^(AKIA|ASIA)[0-9A-Z]{16}$|-----BEGIN [A-Z ]*PRIVATE KEY-----|^gh[pousr]_[A-Za-z0-9]{20,}|:\/\/[^/\s:@]+:[^/\s@]+@/

function credentialProblems(variables: Record<string, unknown>, path: string): Problem[] {
  return Object.entries(variables)
    .filter(([name, value]) => value !== '' && (CREDENTIAL_NAME.test(name) || CREDENTIAL_VALUE.test(String(value))))
    .map(([name]) => ({
      path: `${path}.${name}`,
      expected: 'looks like a literal credential, which would be stored and shown with the spec',
      fix: `Keep it in the secret store of the back-end and write \`secrets: [{env: ${name}, from: NAME}]\`.`,
    }))
}

function specProblems(spec: FunctionSpec, context: SpecContext): Problem[] {
  const backends = spec.backends ?? context.backends
  return [
    ...unknownStorages(spec, context),
    ...nothingToRun(spec, backends, context.path),
    ...notConfigured(spec, context),
    ...(backends.length === 1 && backends[0] === 'lambda' ? lambdaProblems(specFor(spec, 'lambda'), context.path) : []),
    ...absolutePaths(spec, context.path),
  ]
}

/** The inputs and outputs that can be read although something else in the spec cannot. */
function readableRules(raw: unknown, context: SpecContext): Pick<FunctionSpec, 'input' | 'output'> {
  const { input, output } = FunctionSpecSchema.properties
  const spec = withComputedDefaults(raw, context)
  if (!isRecord(spec)) return { input: [], output: [] }
  return {
    input: readWith<FunctionSpec['input']>(input, spec.input, '').value ?? [],
    output: readWith<FunctionSpec['output']>(output, spec.output, '').value ?? [],
  }
}

function unknownStorages(spec: Pick<FunctionSpec, 'input' | 'output'>, { path, storages }: SpecContext): Problem[] {
  return (['input', 'output'] as const).flatMap((key) =>
    spec[key].flatMap((rule, index) =>
      storages.includes(rule.storage)
        ? []
        : [
            {
              path: `${path}.${key}[${index}].storage`,
              expected: 'must be a configured storage',
              value: rule.storage,
              fix: storages.length > 0 ? suggest(rule.storage, storages) : 'Add it under `spillway.storage`.',
            },
          ],
    ),
  )
}

function nothingToRun(spec: FunctionSpec, backends: readonly BackendName[], path: string): Problem[] {
  const problems: Problem[] = []
  for (const backend of backends) {
    const { image } = specFor(spec, backend)
    if (!image && !isOnThisMachine(backend))
      problems.push({
        path: `${path}.image`,
        expected: `is missing; ${backend} runs nothing without an image`,
        fix: 'Name the image, or list only `local` under `backends`.',
      })
  }
  const anyImage = spec.image ?? spec.local?.image ?? spec.kubernetes?.image ?? spec.lambda?.image
  if (!spec.script && !spec.command && !anyImage)
    problems.push({ path, expected: 'has nothing to run', fix: 'Add `script`, `command` or `image`.' })
  return problems
}

function notConfigured(spec: FunctionSpec, { path, backends }: SpecContext): Problem[] {
  return (spec.backends ?? [])
    .filter((backend) => !backends.includes(backend))
    .map((backend) => ({
      path: `${path}.backends`,
      expected: 'must list back-ends that the service configures',
      value: backend,
      fix: `Configured: ${backends.join(', ')}. Add \`spillway.backends.${backend}\` to use it.`,
    }))
}

/** With Lambda alone, what can never run there is an error; with others beside it, routing keeps such work away. */
function lambdaProblems(spec: FunctionSpec, path: string): Problem[] {
  const limits = LAMBDA_LIMITS
  const checks: [boolean, string, string, unknown, string][] = [
    [
      spec.timeout > limits.timeout,
      'timeout',
      `must be at most ${limits.timeout} s on Lambda`,
      spec.timeout,
      'List another back-end beside `lambda`, or lower it.',
    ],
    [
      spec.memorySize > limits.memoryMax,
      'memorySize',
      `must be at most ${formatMegabytes(limits.memoryMax)} on Lambda`,
      spec.memorySize,
      'List another back-end beside `lambda`, or lower it.',
    ],
    [
      spec.ephemeralStorageSize > limits.ephemeralStorageMax,
      'ephemeralStorageSize',
      `must be at most ${formatMegabytes(limits.ephemeralStorageMax)} on Lambda`,
      spec.ephemeralStorageSize,
      'List another back-end beside `lambda`, or lower it.',
    ],
    [spec.gpu.count > 0, 'gpu', 'must be 0: Lambda has no GPU', spec.gpu.count, 'List `kubernetes` under `backends`.'],
  ]
  return checks
    .filter(([wrong]) => wrong)
    .map(([, key, expected, value, fix]) => ({ path: `${path}.${key}`, expected, value, fix }))
}

function absolutePaths(spec: FunctionSpec, path: string): Problem[] {
  const places: [string, string][] = [
    ...(spec.script ? [[`${path}.script`, spec.script] as [string, string]] : []),
    ...spec.files.map((file, index): [string, string] => [`${path}.files[${index}]`, file]),
  ]
  return places
    .filter(([, file]) => file.startsWith('/') || file.split('/').includes('..'))
    .map(([place, value]) => ({
      path: place,
      expected: 'must lie inside the service directory',
      value,
      fix: 'Copy it there and write its path relative to serverless.yml.',
    }))
}
