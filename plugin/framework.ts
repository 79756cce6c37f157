/**
 * Every trick with the framework's internals, in one file: each is checked on every CLI that we support, and says so
 * when a version no longer has the shape that it needs.
 */
import type { Configuration, FunctionBlock, Serverless } from './serverless.js'

/** Hears the framework's own complaint, if there is one, and throws what the user shall see. */
type Verdict = (complaint: Error | undefined) => void

/**
 * The framework goes on checking a configuration in which our block and our functions are taken out; no schema is
 * touched. `judge` answers undefined where the service is none of our business.
 */
export function takeOverValidation(
  serverless: Serverless,
  judge: (configuration: Configuration) => Promise<{ ours: string[]; verdict: Verdict } | undefined>,
): void {
  const handler = demand(serverless.configSchemaHandler, 'configSchemaHandler', serverless)
  const check = demand(handler.validateConfig, 'configSchemaHandler.validateConfig', serverless)
  handler.validateConfig = async (configuration) => {
    const judgement = await judge(configuration)
    if (!judgement) return check.call(handler, configuration)
    const rest = without(configuration, judgement.ours)
    const complaint = await check.call(handler, rest).then(() => undefined, asIs)
    carryBack(rest, configuration)
    judgement.verdict(complaint)
  }
}

const asIs = (thrown: unknown) => thrown as Error

/** A copy one level deep: everything that the framework coerces further down is shared with the original. */
function without(configuration: Configuration, keys: string[]): Configuration {
  const rest = { ...configuration }
  delete rest.spillway
  if (rest.functions) rest.functions = omit(rest.functions, keys)
  return rest
}

function carryBack(checked: Configuration, configuration: Configuration): void {
  for (const [key, value] of Object.entries(checked)) if (key !== 'functions') configuration[key] = value
}

export const omit = (
  functions: Record<string, FunctionBlock>,
  keys: readonly string[],
): Record<string, FunctionBlock> => Object.fromEntries(Object.entries(functions).filter(([key]) => !keys.includes(key)))

/** Keys of functions that neither the framework nor another plugin has defined; a cheap sign that they may be ours. */
export function hasUnknownFunctionKey(serverless: Serverless, functions: FunctionBlock[]): boolean {
  const patterns = serverless.configSchemaHandler?.schema?.properties?.functions?.patternProperties ?? {}
  const known = new Set(Object.values(patterns).flatMap(({ properties }) => Object.keys(properties ?? {})))
  return functions.some((block) => Object.keys(block).some((key) => !known.has(key)))
}

/** Core plugins come first otherwise: one of them prints "Deploying ..." and calls AWS before we could detach it. */
export function runFirst(serverless: Serverless, event: string, hook: () => unknown): void {
  const entries = demand(serverless.pluginManager?.hooks?.[event], `pluginManager.hooks['${event}']`, serverless)
  const place = entries.findIndex((entry) => entry.hook === hook)
  entries.unshift(...entries.splice(place, 1))
}

/** Core goes on without our functions. `print` still shows them: it reads the configuration, not the service. */
export function takeOutFunctions(serverless: Serverless, keys: readonly string[]): void {
  serverless.service.functions = omit(serverless.service.functions, keys)
}

/** From here nothing of AWS runs in this command. Lists change in place because the framework is walking one of them. */
export function detachAws(serverless: Serverless): void {
  for (const entries of Object.values(serverless.pluginManager.hooks))
    entries.splice(0, entries.length, ...entries.filter(({ pluginName }) => !pluginName.startsWith('Aws')))
}

/**
 * The word after `serverless <path>`: the framework knows no positional arguments and would look for a command of that
 * name, so we define one.
 */
export function wordAfter(serverless: Serverless, path: string[]): string | undefined {
  const words = serverless.processedInput?.commands ?? []
  const word =
    words.length === path.length + 1 && path.every((name, index) => words[index] === name) ? words.at(-1) : undefined
  return word !== undefined && /^[0-9a-zA-Z][0-9a-zA-Z-]*$/.test(word) ? word : undefined
}

function demand<T>(value: T | undefined, shape: string, serverless: Serverless): T {
  if (value !== undefined) return value
  throw new serverless.classes.Error(
    `serverless-spillway needs \`serverless.${shape}\`, which this version of the framework does not have. It works with osls 3 and 4 and serverless 3.`,
    'SPILLWAY_FRAMEWORK',
  )
}
