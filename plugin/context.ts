/** What every command gets: the service, the options of the command line, and where to write. */
import { SpillwayError } from '../runtime/contract/errors.js'
import type { AwsAccess } from './aws/aws-access.js'
import type { PluginEnvironment } from './config.js'
import type { DispatcherClient } from './dispatcher-client.js'
import { locateDispatcher } from './locate-dispatcher.js'
import { allFunctions, isDirect, type Service, type ServiceFunction } from './service.js'
import type { Options, Output } from './serverless.js'

export interface CommandContext {
  service: Service
  options: Options
  output: Output
  environment: PluginEnvironment
  /** Calls nothing by itself. */
  aws(): AwsAccess
}

export const dispatcherOf = ({ service, environment }: CommandContext): Promise<DispatcherClient> =>
  locateDispatcher(service, environment)

/** The value of `--name`; undefined when it was not given. */
export function option({ options }: Pick<CommandContext, 'options'>, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A whole number of at least `minimum` from an option. */
export function numberOption(
  context: Pick<CommandContext, 'options'>,
  name: string,
  facts: { minimum: number; default: number },
): number {
  const text = option(context, name)
  if (text === undefined) return facts.default
  const value = Number(text)
  if (Number.isInteger(value) && value >= facts.minimum) return value
  throw new SpillwayError(
    'invalid-request',
    `--${name} must be a whole number of at least ${facts.minimum}, got ${JSON.stringify(text)}.`,
  )
}

/** The function that `--function` names, by its key in serverless.yml; on whatever back-end. */
export function anyFunctionOption(context: CommandContext): ServiceFunction {
  const key = option(context, 'function')
  const functions = allFunctions(context.service)
  const found = functions.find((entry) => entry.key === key || entry.name === key)
  if (found) return found
  const known = functions.map((entry) => entry.key).join(', ') || 'none'
  throw new SpillwayError(
    'function-not-found',
    `There is no function ${key ?? '(no --function given)'} of Spillway in this service; known: ${known}.`,
  )
}

/** The same, where it has to be one that a dispatcher knows. */
export function functionOption(context: CommandContext): ServiceFunction {
  const found = anyFunctionOption(context)
  if (!isDirect(context.service, found)) return found
  throw new SpillwayError(
    'function-not-found',
    `${found.key} runs on Lambda without a dispatcher, which keeps no record of it. Use \`serverless logs\` and \`serverless metrics\`.`,
  )
}

/** The functions that a list is about: the one of `--function`, or all. */
export const chosenFunctions = (context: CommandContext): ServiceFunction[] =>
  option(context, 'function') === undefined ? context.service.functions : [functionOption(context)]

/** The id that a command is about: the word after it, or `--id`. */
export function demandId(context: CommandContext, word: string | undefined): string {
  const id = word ?? option(context, 'id')
  if (id !== undefined) return id
  throw new SpillwayError(
    'invalid-request',
    'Name the invocation by its id; `serverless spillway invocations` lists them.',
  )
}
