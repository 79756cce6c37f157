/** Shows each invocation of some functions when it ends, one line each, until told to stop. */
import { setTimeout as delay } from 'node:timers/promises'
import type { InvocationRecord, InvocationSummary } from '../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../runtime/contract/errors.js'
import { isEnded } from '../runtime/contract/invocation.js'
import type { DispatcherClient } from './dispatcher-client.js'
import { listInvocations } from './list-invocations.js'
import type { Output } from './serverless.js'
import { clockTime, failureText, inputName, outputSummary, tookTime } from './words.js'

const ASK_EVERY_MS = 500
/** What was accepted that long before the last look is looked for again: a list may show it late. */
const MARGIN_MS = 10_000

interface Following {
  client: DispatcherClient
  names: string[]
  output: Output
  signal: AbortSignal
}

export async function followInvocations({ client, names, output, signal }: Following): Promise<void> {
  const watch = new Watch(client, names)
  await watch.open()
  const look = patient(watch, output)
  const progress = output.progress.create({ message: 'Waiting for files' })
  try {
    while (!signal.aborted) {
      for (const record of await look()) show(record, output)
      progress.update(watch.summary())
      await delay(ASK_EVERY_MS, undefined, { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    progress.remove()
  }
}

/** One look that fails is noted and made up for by the next; who ends the dispatcher aborts the signal. */
function patient(watch: Watch, { log }: Output): () => Promise<InvocationRecord[]> {
  let failing = false
  return async () => {
    try {
      const ended = await watch.ended()
      failing = false
      return ended
    } catch (error) {
      if (!(error instanceof SpillwayError)) throw error
      if (!failing) log.warning(`The dispatcher did not say what has ended; asking on. ${error.message}`)
      failing = true
      return []
    }
  }
}

/** What is open, and what has ended since the last look. */
export class Watch {
  readonly #client: DispatcherClient
  readonly #names: string[]
  readonly #open = new Map<string, InvocationSummary>()
  /** When what was told already had been accepted, by id. */
  readonly #shown = new Map<string, number>()
  readonly #now: () => number
  #since: number

  constructor(client: DispatcherClient, names: string[], now: () => number = Date.now) {
    this.#client = client
    this.#names = names
    this.#now = now
    this.#since = now()
  }

  /** Work that an earlier dispatcher left behind is followed too. */
  async open(): Promise<void> {
    for (const name of this.#names)
      for (const state of ['accepted', 'queued', 'running'] as const)
        for (const summary of await listInvocations(this.#client, { function: name, state }))
          this.#open.set(summary.id, summary)
  }

  /** Nothing counts as told when the look fails on the way. */
  async ended(): Promise<InvocationRecord[]> {
    const asked = this.#now()
    const since = this.#oldest()
    const ended: InvocationRecord[] = []
    for (const name of this.#names)
      for (const summary of await listInvocations(this.#client, { function: name, since })) {
        if (this.#shown.has(summary.id)) continue
        this.#open.set(summary.id, summary)
        if (isEnded(summary.state)) ended.push(await this.#client.invocation(summary.id))
      }
    for (const record of ended) this.#end(record)
    this.#advance(asked)
    return ended.sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0))
  }

  summary(): string {
    const states = [...this.#open.values()].map(({ state }) => state)
    const running = states.filter((state) => state === 'running').length
    return states.length === 0 ? 'Waiting for files' : `${running} running, ${states.length - running} queued`
  }

  #end({ id, acceptedAt }: InvocationRecord): void {
    this.#open.delete(id)
    this.#shown.set(id, acceptedAt)
  }

  /** So that a look costs the same after a day as after a minute. */
  #advance(asked: number): void {
    this.#since = Math.max(this.#since, asked - MARGIN_MS)
    const oldest = this.#oldest()
    for (const [id, acceptedAt] of this.#shown) if (acceptedAt < oldest) this.#shown.delete(id)
  }

  #oldest(): number {
    let oldest = this.#since
    for (const { acceptedAt } of this.#open.values()) oldest = Math.min(oldest, acceptedAt)
    return oldest
  }
}

function show(record: InvocationRecord, { log }: Output): void {
  const facts = `${clockTime(record.endedAt ?? record.acceptedAt, Date.now())}  ${record.function}  ${inputName(record.input)}  ${tookTime(record)}`
  if (record.state === 'succeeded')
    return log.success([facts, outputSummary(record.outputs)].filter(Boolean).join('  -> '))
  log.error(`${facts}  ${failureText(record)}`)
  log.notice(`  more: serverless spillway explain ${record.id}`)
}
