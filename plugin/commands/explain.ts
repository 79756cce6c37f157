/** `serverless spillway explain ID`: everything about one invocation, in plain words. */
import type { AttemptRecord, InvocationRecord, Move } from '../../runtime/contract/dispatcher-api.js'
import type { Decision } from '../../runtime/contract/decision.js'
import { CAUSES } from '../../runtime/contract/outcome.js'
import { formatBytes, formatSeconds, formatUsd } from '../../runtime/contract/units.js'
import { demandId, dispatcherOf, type CommandContext } from '../context.js'
import { resolveId } from '../list-invocations.js'
import { failureText, inputPlace, outputPlace } from '../words.js'

export async function explain(context: CommandContext, word: string | undefined): Promise<void> {
  const wanted = demandId(context, word)
  const client = await dispatcherOf(context)
  const record = await client.invocation(await resolveId(client, wanted, context.service.functions))
  const now = record.state === 'queued' ? await client.decide({ invocation: record.id }) : undefined
  context.output.writeText(explanation(record, now))
}

/** `now`: how it would be decided about now, where it waits. */
export function explanation(record: InvocationRecord, now?: Decision): string[] {
  return [
    `${record.id} is ${record.state}`,
    `  function: ${record.function}, release ${record.release}`,
    `  input: ${inputPlace(record.input)}`,
    ...(record.cause ? [`  ${failureText(record)} (${CAUSES[record.cause].meaning})`] : []),
    ...section('where it may run', decisionLines(record.decision)),
    ...section('as things stand now', now ? decisionLines(now) : []),
    ...section(
      'what happened',
      record.moves.map((move) => moveLine(move, record.acceptedAt)),
    ),
    ...section('attempts', record.tries.map(attemptLine)),
    ...section(
      'results',
      record.outputs.map((output) => `${outputPlace(output)} (${formatBytes(output.size)})`),
    ),
  ]
}

const section = (title: string, lines: string[]): string[] =>
  lines.length > 0 ? [`  ${title}:`, ...lines.map((line) => `    ${line}`)] : []

function decisionLines({ eligible, spillAt, reasons, terms }: Decision): string[] {
  const where = eligible.length > 0 ? eligible.join(', ') : 'nowhere: no back-end can take it'
  const spill = spillAt === null ? [] : [`may spill over from ${iso(spillAt)}`]
  return [
    where,
    ...spill,
    ...(terms ? [`decided by the rule ${terms.rule}`] : []),
    ...reasons.map(({ backend, text }) => (backend && !text.startsWith(backend) ? `${backend}: ${text}` : text)),
  ]
}

const moveLine = ({ at, to, why }: Move, start: number): string =>
  `${iso(at)}  ${to} after ${formatSeconds((at - start) / 1000)}${why ? `: ${why}` : ''}`

function attemptLine({
  number,
  backend,
  startedAt,
  endedAt,
  cause,
  message,
  exitCode,
  times,
  cost,
}: AttemptRecord): string {
  const took = endedAt === undefined ? 'still running' : `took ${formatSeconds((endedAt - startedAt) / 1000)}`
  const stages = times
    ? ` (fetching ${formatSeconds(times.stageInMs / 1000)}, script ${formatSeconds(times.runMs / 1000)}, publishing ${formatSeconds(times.stageOutMs / 1000)})`
    : ''
  const exit = exitCode === undefined ? '' : `, exit code ${exitCode}`
  const price = cost === undefined ? '' : `, cost ${formatUsd(cost)}`
  const why = cause ? `; ${cause}${message ? `: ${message}` : ''}` : ''
  return `${number} on ${backend} at ${iso(startedAt)}: ${took}${stages}${exit}${price}${why}`
}

const iso = (time: number) => new Date(time).toISOString()
