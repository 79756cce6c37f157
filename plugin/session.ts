/** One run of the CLI over one service: judges the configuration, parts our functions from AWS's, and guards commands. */
import { asError, SpillwayError } from '../runtime/contract/errors.js'
import { formatProblems, type Problem } from '../runtime/contract/problem.js'
import { readEnvironment } from './config.js'
import type { CommandContext } from './context.js'
import {
  addResources,
  awsAccess,
  detachAws,
  functionIdIn,
  hasUnknownFunctionKey,
  keepOutOfArchives,
  regionOf,
  replaceFunctions,
  takeOverValidation,
} from './framework.js'
import { allFunctions, type Service } from './service.js'
import type { Configuration, FunctionBlock, Output, Serverless } from './serverless.js'
import { readStack } from './stack-record.js'
import { STATE_DIRECTORY } from './state-directory.js'
import { takesPart } from './takes-part.js'

export type Command = (context: CommandContext) => unknown
type Hook = () => Promise<void>

export class Session {
  readonly #serverless: Serverless
  readonly #output: Output
  #service: Service | undefined
  #detached = false

  constructor(serverless: Serverless, output: Output) {
    this.#serverless = serverless
    this.#output = output
    takeOverValidation(serverless, (configuration) => this.#judge(configuration))
  }

  /** True when nothing of AWS takes part in this command. */
  get detached(): boolean {
    return this.#detached
  }

  /** The framework's `initialize`, before that of any other plugin. */
  readonly initialize = async (): Promise<void> => {
    if (!this.#service) return
    const keys = allFunctions(this.#service).map(({ key }) => key)
    const inStack = await this.#enterStack(this.#service)
    replaceFunctions(this.#serverless, keys, inStack)
    const hasStack = needsStack(this.#serverless.service) || readStack(this.#service) !== undefined
    this.#detached = !hasStack || !this.#awsTakesPart(this.#service, keys)
    if (this.#detached) detachAws(this.#serverless)
    else keepOutOfArchives(this.#serverless, `${STATE_DIRECTORY}/**`)
  }

  /** What stands for our functions on Lambda; the compiler is loaded where there are some. */
  async #enterStack({ lambda }: Service): Promise<Record<string, FunctionBlock>> {
    if (!lambda || lambda.functions.length === 0) return {}
    const { compile } = await import('../dispatcher/backends/lambda/compile/compile.js')
    const { functions, resources } = compile(lambda, (key) => functionIdIn(this.#serverless, key))
    addResources(this.#serverless, resources)
    return functions
  }

  #awsTakesPart(service: Service, keys: readonly string[]): boolean {
    const { commands, options } = this.#serverless.processedInput
    const key = String(options.function)
    return !keys.includes(key) || takesPart(commands, key, service)
  }

  /** Runs in a service of ours; elsewhere it does nothing. */
  ours(command: Command): Hook {
    return async () => {
      if (this.#service) await this.#run(command, this.#service)
    }
  }

  /** Runs where AWS has no part: the command names a function of ours, or there are no others. */
  withoutAws(command: Command): Hook {
    return async () => {
      if (this.#service && this.#detached) await this.#run(command, this.#service)
    }
  }

  /** Runs where AWS has a part: something of the service is in a stack. */
  besideAws(command: Command): Hook {
    return async () => {
      if (this.#service && !this.#detached) await this.#run(command, this.#service)
    }
  }

  /** A command of our own; it needs a service of ours. */
  own(command: Command): Hook {
    return async () => {
      if (!this.#service)
        throw this.#userError(
          'SPILLWAY_NOT_CONFIGURED',
          `${this.#serverless.configurationFilename} has neither a \`spillway\` block nor a function with its keys. Add \`spillway: {}\` and give a function a \`script\`.`,
        )
      await this.#run(command, this.#service)
    }
  }

  async #run(command: Command, service: Service): Promise<void> {
    const { options } = this.#serverless.processedInput
    try {
      await command({
        service,
        options,
        output: this.#output,
        environment: readEnvironment(),
        aws: () => awsAccess(this.#serverless, service.stage),
      })
    } catch (error) {
      if (!(error instanceof SpillwayError)) throw error
      throw this.#userError(`SPILLWAY_${error.code.toUpperCase().replaceAll('-', '_')}`, error.message)
    }
  }

  /** Reading takes the schemas, which are slow to load: only where there is something to read. */
  async #judge(configuration: Configuration) {
    if (
      !('spillway' in configuration) &&
      !hasUnknownFunctionKey(this.#serverless, Object.values(configuration.functions ?? {}))
    )
      return undefined
    const { ownFunctions, readService } = await import('./read-service.js')
    const ours = ownFunctions(configuration.functions)
    if (!('spillway' in configuration) && ours.length === 0) return undefined
    const { service, serviceDir: directory } = this.#serverless
    const place = { directory, service: service.service, stage: this.#stage(), region: regionOf(this.#serverless) }
    const reading = readService({ ...place, configuration })
    this.#service = reading.service
    const words = Object.fromEntries(ours.map((key) => [key, this.#passedOn(key)]))
    return { ours: words, verdict: (complaint: Error | undefined) => this.#report(reading.problems, complaint) }
  }

  /** The framework's own words in a function of ours, which the framework checks as ever. */
  #passedOn(key: string): FunctionBlock {
    return { ...this.#service?.lambda?.functions.find((entry) => entry.key === key)?.passed }
  }

  /** Always stops: two of the three CLIs would only warn. */
  #report(problems: Problem[], complaint: Error | undefined): void {
    if (problems.length === 0 && complaint) throw complaint
    if (problems.length === 0) return
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
    const own = `${this.#serverless.configurationFilename} has ${count}:\n${formatProblems(problems)}`
    throw this.#userError('SPILLWAY_CONFIGURATION', complaint ? `${own}\n\n${asError(complaint).message}` : own)
  }

  #stage(): string {
    const { processedInput, service } = this.#serverless
    return String(processedInput.options.stage ?? service.provider.stage ?? 'dev')
  }

  #userError(code: string, message: string): Error {
    return new this.#serverless.classes.Error(message, code)
  }
}

/** Functions, layers and resources of the service's own live in a stack. */
function needsStack({ functions, layers, resources }: Serverless['service']): boolean {
  return [functions, layers, resources?.Resources].some((map) => Object.keys(map ?? {}).length > 0)
}
