/** `serverless logs`: what the scripts of a function printed, one line each: time, invocation, text. */
import { setTimeout as delay } from 'node:timers/promises'
import type { InvocationSummary } from '../../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { isEnded } from '../../runtime/contract/invocation.js'
import type { LogLine } from '../../runtime/contract/runtime-api.js'
import { dispatcherOf, functionOption, numberOption, option, type CommandContext } from '../context.js'
import type { DispatcherClient } from '../dispatcher-client.js'
import { listInvocations } from '../list-invocations.js'
import { parseTime } from '../parse-time.js'
import { shortId } from '../words.js'

const START_TIME_DEFAULT = '10m'
/** Invocations before `--startTime` that may still have printed after it. */
const LOOK_BACK_MS = 3_600_000

interface Wanted {
  function: string
  since: number
  filter: RegExp
}

export async function logs(context: CommandContext): Promise<void> {
  const wanted: Wanted = {
    function: functionOption(context).name,
    since: parseTime(option(context, 'startTime') ?? START_TIME_DEFAULT, { option: 'startTime', now: Date.now() }),
    filter: parseFilter(option(context, 'filter')),
  }
  const interval = numberOption(context, 'interval', { minimum: 100, default: 1000 })
  const client = await dispatcherOf(context)
  const reader = new LogReader(client, wanted)
  const print = async () => {
    for (const line of await reader.news()) context.output.writeText(line)
  }
  await print()
  while (context.options.tail === true) {
    await delay(interval)
    await print()
  }
}

/** Remembers how far it has read, so that following prints every line once. */
class LogReader {
  readonly #client: DispatcherClient
  readonly #wanted: Wanted
  readonly #read = new Map<string, number>()
  readonly #finished = new Set<string>()

  constructor(client: DispatcherClient, wanted: Wanted) {
    this.#client = client
    this.#wanted = wanted
  }

  /** Lines that are new since the last call, by time. */
  async news(): Promise<string[]> {
    const query = { function: this.#wanted.function, since: this.#wanted.since - LOOK_BACK_MS }
    const open = (await listInvocations(this.#client, query)).filter(({ id }) => !this.#finished.has(id))
    const found: { id: string; line: LogLine }[] = []
    for (const summary of open) for (const line of await this.#newLines(summary)) found.push({ id: summary.id, line })
    return found
      .sort((a, b) => a.line.time - b.line.time)
      .filter(({ line }) => line.time >= this.#wanted.since && this.#wanted.filter.test(line.text))
      .map(({ id, line }) => `${new Date(line.time).toISOString()} ${shortId(id)} ${line.text}`)
  }

  async #newLines({ id, state }: InvocationSummary): Promise<LogLine[]> {
    const lines = await this.#client.log(id)
    const read = this.#read.get(id) ?? 0
    this.#read.set(id, lines.length)
    if (isEnded(state)) this.#finished.add(id)
    return lines.slice(read)
  }
}

function parseFilter(text: string | undefined): RegExp {
  try {
    return new RegExp(text ?? '')
  } catch (cause) {
    throw new SpillwayError(
      'invalid-request',
      `--filter must be a regular expression, got ${JSON.stringify(text)}.`,
      {},
      { cause },
    )
  }
}
