/** `serverless metrics`: what the record says of some time, laid out as the framework does it for Lambda functions. */
import type { InvocationSummary } from '../../runtime/contract/dispatcher-api.js'
import { chosenFunctions, dispatcherOf, option, type CommandContext } from '../context.js'
import type { DispatcherClient } from '../dispatcher-client.js'
import { figuresOf, type Figures } from '../figures.js'
import { listInvocations } from '../list-invocations.js'
import { parseTime } from '../parse-time.js'
import { needsDispatcher } from '../service.js'
import { table } from '../words.js'

const START_TIME_DEFAULT = '1d'
/** Newest invocations of one function that are read. */
const READ_MAX = 10_000

/** Epoch milliseconds. */
interface Period {
  start: number
  end: number
}

interface Row {
  key: string
  invocations: InvocationSummary[]
  /** When the oldest was accepted that was read, where there were more. */
  readBackTo?: number
}

/** Beside AWS the framework has printed the figures of the Lambda functions already. */
export async function metrics(context: CommandContext, beside: { aws: boolean }): Promise<void> {
  const namesLambda = beside.aws && option(context, 'function') !== undefined
  if (namesLambda || !needsDispatcher(context.service)) return
  const functions = chosenFunctions(context)
  const period = periodOf(context)
  const client = await dispatcherOf(context)
  const rows = await Promise.all(functions.map(({ key, name }) => readRow(client, { key, name, period })))
  const title = option(context, 'function') ?? (beside.aws ? 'Functions of Spillway' : 'Service wide metrics')
  context.output.writeText([title, `${displayTime(period.start)} - ${displayTime(period.end)}\n`, ...lines(rows)])
  for (const { key, readBackTo } of rows) if (readBackTo !== undefined) sayCut(context, key, readBackTo)
}

function periodOf(context: CommandContext): Period {
  const now = Date.now()
  const start = parseTime(option(context, 'startTime') ?? START_TIME_DEFAULT, { option: 'startTime', now })
  const end = option(context, 'endTime')
  return { start, end: end === undefined ? now : parseTime(end, { option: 'endTime', now }) }
}

async function readRow(
  client: DispatcherClient,
  { key, name, period }: { key: string; name: string; period: Period },
): Promise<Row> {
  const found = await listInvocations(client, { function: name, since: period.start, limit: READ_MAX + 1 })
  const read = found.slice(0, READ_MAX)
  const invocations = read.filter(({ acceptedAt }) => acceptedAt <= period.end)
  return { key, invocations, ...(found.length > read.length ? { readBackTo: read.at(-1)!.acceptedAt } : {}) }
}

function sayCut({ output }: CommandContext, key: string, readBackTo: number): void {
  output.log.warning(
    `${key}: there are more than the newest ${READ_MAX.toLocaleString('en-US')} invocations, and only those were read, back to ${new Date(readBackTo).toISOString()}. A later --startTime gives exact figures.`,
  )
}

function lines(rows: Row[]): string[] {
  const total = figuresOf(rows.flatMap(({ invocations }) => invocations))
  return rows.length > 1 ? [...block(total), '', ...byFunction(rows)] : block(total)
}

function block(figures: Figures): string[] {
  const { average, p50, p95 } = figures.duration ?? { average: 0, p50: 0, p95: 0 }
  return [
    `invocations: ${figures.invocations}`,
    `succeeded: ${figures.succeeded}`,
    ...(figures.open > 0 ? [`waiting or running: ${figures.open}`] : []),
    ...(figures.cancelled > 0 ? [`cancelled: ${figures.cancelled}`] : []),
    `throttles: ${figures.throttles}`,
    `errors: ${errorText(figures)}`,
    `duration (avg.): ${milliseconds(average)}`,
    `duration (p50): ${milliseconds(p50)}`,
    `duration (p95): ${milliseconds(p95)}`,
  ]
}

function byFunction(rows: Row[]): string[] {
  return table([
    ['function', 'invocations', 'succeeded', 'throttles', 'avg.', 'p50', 'p95', 'errors'],
    ...rows.map(({ key, invocations }) => tableRow(key, figuresOf(invocations))),
  ])
}

function tableRow(key: string, figures: Figures): string[] {
  const { average, p50, p95 } = figures.duration ?? {}
  const durations = [average, p50, p95].map((duration) => (duration === undefined ? '' : milliseconds(duration)))
  const counts = [figures.invocations, figures.succeeded, figures.throttles].map(String)
  return [key, ...counts, ...durations, errorText(figures)]
}

/** `3 (script-exit 2, timeout 1)` */
function errorText({ errors }: Figures): string {
  const sum = errors.reduce((all, { count }) => all + count, 0)
  return sum === 0 ? '0' : `${sum} (${errors.map(({ cause, count }) => `${cause} ${count}`).join(', ')})`
}

const milliseconds = (duration: number) => `${Number(duration.toFixed(2))}ms`

/** `January 1, 2026 1:00 AM`, local time, as in the framework. */
function displayTime(time: number): string {
  const date = new Date(time)
  const day = date.toLocaleDateString('en-US', { year: 'numeric', month: 'long', day: 'numeric' })
  const clock = date.toLocaleTimeString('en-US', { hour: 'numeric', minute: '2-digit' })
  return `${day} ${clock.replace(/\s/u, ' ')}`
}
