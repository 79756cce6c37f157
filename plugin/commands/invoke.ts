/** `serverless invoke`: on standard output the result, or where the results are, and nothing else. */
import { resolve } from 'node:path'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { anyFunctionOption, dispatcherOf, option, type CommandContext } from '../context.js'
import { DispatcherInvoker } from '../invoke/by-dispatcher.js'
import type { InvocationEnd, Invoker } from '../invoke/invoker.js'
import { readWork } from '../invoke/read-work.js'
import { saveResults } from '../invoke/save-results.js'
import { isDirect, type ServiceFunction } from '../service.js'
import { outputPlace } from '../words.js'

const LOG_LINES_ON_FAILURE = 20

export async function invoke(context: CommandContext): Promise<void> {
  const entry = anyFunctionOption(context)
  const type = readType(context)
  const work = await readWork(context)
  const invoker = await openInvoker(context, entry)
  if (type === 'Event') return context.output.writeText(await invoker.begin(work))
  let count = 0
  for await (const end of invoker.run(work)) {
    count++
    if (context.options.log === true || end.failure !== undefined) await showLog(end, context)
    if (end.failure === undefined) await writeResults(end, entry, context)
    else reportFailure(end, { entry, invoker, context })
  }
  if (count === 0)
    context.output.log.warning(`There is nothing below ${option(context, 'input')} that ${entry.key} takes.`)
}

/** Options that an ordinary function of the framework does not have. */
export function refuseOwnOptions(context: CommandContext): void {
  const given = ['input', 'output'].find((name) => option(context, name) !== undefined)
  if (given === undefined) return
  throw new SpillwayError(
    'invalid-request',
    `--${given} is for functions of Spillway; ${option(context, 'function')} is an ordinary one.`,
  )
}

function readType(context: CommandContext): 'RequestResponse' | 'Event' {
  const type = option(context, 'type') ?? 'RequestResponse'
  if (type !== 'RequestResponse' && type !== 'Event')
    throw new SpillwayError('invalid-request', `--type must be RequestResponse or Event, got ${JSON.stringify(type)}.`)
  if (type === 'Event' && option(context, 'output') !== undefined)
    throw new SpillwayError(
      'invalid-request',
      '--output waits for results, --type Event does not: leave one of them out.',
    )
  return type
}

async function openInvoker(context: CommandContext, entry: ServiceFunction): Promise<Invoker> {
  if (!isDirect(context.service, entry)) return new DispatcherInvoker(await dispatcherOf(context), entry.name)
  return (await import('../invoke/on-lambda.js')).openLambdaInvoker(context, entry)
}

async function writeResults(end: InvocationEnd, { spec }: ServiceFunction, context: CommandContext): Promise<void> {
  const { output } = context
  const directory = option(context, 'output')
  const { id, result, outputs } = end
  if (result?.truncated) output.log.warning(`The result was longer than is kept; all of it is in the log of ${id}.`)
  if (directory !== undefined) {
    const place = { directory: resolve(context.service.directory, directory), rules: spec.output }
    for (const path of await saveResults(end, place)) output.writeText(path)
  } else if (result) writeBody(Buffer.from(result.body, result.encoding))
  else for (const one of outputs) output.writeText(outputPlace(one))
}

function writeBody(body: Buffer): void {
  process.stdout.write(body)
  if (process.stdout.isTTY && body.length > 0 && body.at(-1) !== 0x0a) process.stdout.write('\n')
}

async function showLog(end: InvocationEnd, { options, output }: CommandContext): Promise<void> {
  const lines = await end.log()
  for (const text of options.log === true ? lines : lines.slice(-LOG_LINES_ON_FAILURE)) output.log.notice(text)
}

/** Not thrown: the framework would print it on standard output, which belongs to the result. */
function reportFailure(
  { id, key, failure }: InvocationEnd,
  { entry, invoker, context }: { entry: ServiceFunction; invoker: Invoker; context: CommandContext },
): void {
  const { log } = context.output
  log.error(`${entry.name}${key === undefined ? '' : ` on ${key}`}: ${failure}`)
  log.notice(`  more: ${invoker.moreAbout(id)}`)
  process.exitCode = 1
}
