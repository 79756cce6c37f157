/** A command of the plugin without a CLI around it: a service from a folder, what it says, what it prints. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { CommandContext } from '../../plugin/context.js'
import { readService } from '../../plugin/read-service.js'
import type { Configuration, Options } from '../../plugin/serverless.js'
import { formatProblems } from '../../runtime/contract/problem.js'

export interface CommandRun {
  context: CommandContext
  /** Lines on standard output. */
  printed: string[]
  /** Messages, each with its level: `warning: ...`. */
  said: string[]
}

/** What the CLI hands to a command in that folder with those options. */
export function commandIn(directory: string, options: Options = {}): CommandRun {
  const text = readFileSync(join(directory, 'serverless.yml'), 'utf8').replaceAll('${sls:stage}', 'dev')
  const configuration = parse(text) as Configuration
  const stage = String(options.stage ?? 'dev')
  const { service, problems } = readService({
    service: String(configuration.service),
    stage,
    directory,
    region: 'us-east-1',
    configuration,
  })
  if (!service) throw new Error(formatProblems(problems))
  const printed: string[] = []
  const said: string[] = []
  const say = (level: string) => (message: unknown) => void said.push(`${level}: ${String(message)}`)
  const [error, warning, notice, info, success] = ['error', 'warning', 'notice', 'info', 'success'].map(say)
  const output = {
    log: { error, warning, notice, info, success },
    progress: { create: () => ({ update: () => undefined, remove: () => undefined }) },
    writeText: (lines: string | string[]) => void printed.push(...[lines].flat()),
  } as CommandContext['output']
  const environment = { cacheDirectory: join(directory, 'cache'), registries: {}, terminal: 'plain' as const }
  const aws = () => {
    throw new Error('nothing of AWS is there')
  }
  return { context: { service, options, output, environment, aws }, printed, said }
}
