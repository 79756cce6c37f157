/** One function as it is written -> its spec, or everything that is wrong with it. */
import { FunctionSpecSchema, OWN_KEYS, type BackendName, type FunctionSpec } from '../runtime/contract/function-spec.js'
import type { Problem } from '../runtime/contract/problem.js'
import { readFunctionSpec, type SpecContext } from '../runtime/contract/read-function-spec.js'
import { fileProblems } from './file-problems.js'
import { isPassed, passedWords, READ_WORDS } from './framework-words.js'
import { fullName, type ServiceName } from './names.js'
import type { FunctionBlock } from './serverless.js'

/** What functions inherit from `provider`, as in the framework. */
const INHERITED = ['memorySize', 'timeout', 'architecture'] as const

export type Names = Pick<SpecContext, 'storages' | 'backends'>

export interface FunctionSource extends ServiceName {
  directory: string
  key: string
  block: FunctionBlock
  provider: FunctionBlock
  names: Names
}

export interface FunctionReading {
  key: string
  spec?: FunctionSpec
  /** Where the spec is read, and Lambda is among its back-ends: the framework's words. */
  passed?: FunctionBlock
  problems: Problem[]
}

export function readFunction(source: FunctionSource): FunctionReading {
  const { key, block, provider, names, directory } = source
  const path = `functions.${key}`
  const reading = readFunctionSpec(ownPart(source), { ...names, path })
  const problems = [
    ...frameworkKeyProblems(source),
    ...reading.problems,
    ...fileProblems(directory, reading.value ?? sourcesAsWritten(block), path),
  ]
  const passed = isForLambda(source) ? { passed: passedWords(block, provider) } : {}
  return { key, problems, ...(reading.value ? { spec: reading.value, ...passed } : {}) }
}

/** As written: what is no list of back-ends is complained about elsewhere. */
function isForLambda({ block, names }: Pick<FunctionSource, 'block' | 'names'>): boolean {
  const listed = block.backends == null ? names.backends : [block.backends].flat()
  return names.backends.includes('lambda') && listed.includes('lambda' satisfies BackendName)
}

/** Where the spec has other problems, its files are looked for all the same. */
function sourcesAsWritten({ script, files }: FunctionBlock): Pick<FunctionSpec, 'script' | 'files'> {
  const list = Array.isArray(files) ? files : [files]
  return {
    files: list.filter((file): file is string => typeof file === 'string'),
    ...(typeof script === 'string' ? { script } : {}),
  }
}

function ownPart(source: FunctionSource): FunctionBlock {
  const { block, provider } = source
  const isTheirs = (key: string) => READ_WORDS.includes(key) || (isPassed(key) && isForLambda(source))
  const own = Object.fromEntries(Object.entries(block).filter(([key]) => !isTheirs(key)))
  const inherited = Object.fromEntries(
    INHERITED.flatMap((key) => (provider[key] == null ? [] : [[key, provider[key]]])),
  )
  const environment = isMap(provider.environment) && (own.environment === undefined || isMap(own.environment))
  return {
    ...inherited,
    ...own,
    ...(environment
      ? { environment: { ...(provider.environment as object), ...(own.environment as object | undefined) } }
      : {}),
  }
}

const isMap = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)

function frameworkKeyProblems({ key, block: { name, handler, events }, ...owner }: FunctionSource): Problem[] {
  const path = `functions.${key}`
  const problems: Problem[] = []
  if (name !== undefined && name !== fullName(owner, key))
    problems.push({
      path: `${path}.name`,
      expected: `must be left out or ${fullName(owner, key)}`,
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
