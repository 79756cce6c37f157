/** `serverless spillway invocations`: what was accepted lately and how it stands, newest first. */
import type { InvocationSummary } from '../../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { STATES, type State } from '../../runtime/contract/invocation.js'
import { chosenFunctions, dispatcherOf, numberOption, option, type CommandContext } from '../context.js'
import { listInvocations } from '../list-invocations.js'
import { clockTime, failureText, inputName, shortId, table, tookTime } from '../words.js'

const LIMIT_DEFAULT = 20

export async function invocations(context: CommandContext): Promise<void> {
  const state = stateOption(context)
  const limit = numberOption(context, 'limit', { minimum: 1, default: LIMIT_DEFAULT })
  const client = await dispatcherOf(context)
  const lists = await Promise.all(
    chosenFunctions(context).map(({ name }) =>
      listInvocations(client, { function: name, limit, ...(state ? { state } : {}) }),
    ),
  )
  const newest = lists
    .flat()
    .sort((a, b) => b.acceptedAt - a.acceptedAt)
    .slice(0, limit)
  const { writeText } = context.output
  if (context.options.json === true) return writeText(JSON.stringify(newest, undefined, 2))
  if (newest.length === 0) return context.output.log.notice('No invocations.')
  writeText(
    table([
      ['id', 'accepted', 'function', 'state', 'took', 'input', ''],
      ...newest.map((summary) => row(summary, Date.now())),
    ]),
  )
}

function row(summary: InvocationSummary, now: number): string[] {
  const { id, acceptedAt, state, input } = summary
  const why = summary.cause ? failureText(summary) : ''
  return [shortId(id), clockTime(acceptedAt, now), summary.function, state, tookTime(summary), inputName(input), why]
}

function stateOption(context: CommandContext): State | undefined {
  const value = option(context, 'state')
  if (value === undefined || STATES.includes(value as State)) return value as State | undefined
  throw new SpillwayError(
    'invalid-request',
    `--state must be one of ${STATES.join(', ')}, got ${JSON.stringify(value)}.`,
  )
}
