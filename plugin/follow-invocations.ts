/** Shows each invocation of some functions when it ends, one line each, until told to stop. */
import { setTimeout as delay } from 'node:timers/promises'
import type { InvocationRecord, InvocationSummary } from '../runtime/contract/dispatcher-api.js'
import { isEnded } from '../runtime/contract/invocation.js'
import type { DispatcherClient } from './dispatcher-client.js'
import { listInvocations } from './list-invocations.js'
import type { Output } from './serverless.js'
import { clockTime, failureText, inputName, outputSummary, tookTime } from './words.js'

const ASK_EVERY_MS = 500

interface Following {
  client: DispatcherClient
  names: string[]
  output: Output
  signal: AbortSignal
}

export async function followInvocations({ client, names, output, signal }: Following): Promise<void> {
  const watch = new Watch(client, names)
  await watch.open()
  const progress = output.progress.create({ message: 'Waiting for files' })
  try {
    while (!signal.aborted) {
      for (const record of await watch.ended()) show(record, output)
      progress.update(watch.summary())
      await delay(ASK_EVERY_MS, undefined, { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    progress.remove()
  }
}

class Watch {
  readonly #client: DispatcherClient
  readonly #names: string[]
  readonly #open = new Map<string, InvocationSummary>()
  readonly #shown = new Set<string>()
  #since = Date.now()

  constructor(client: DispatcherClient, names: string[]) {
    this.#client = client
    this.#names = names
  }

  /** Work that an earlier dispatcher left behind is followed too. */
  async open(): Promise<void> {
    for (const name of this.#names)
      for (const state of ['accepted', 'queued', 'running'] as const)
        for (const summary of await listInvocations(this.#client, { function: name, state }))
          this.#open.set(summary.id, summary)
  }

  async ended(): Promise<InvocationRecord[]> {
    const oldest = Math.min(this.#since, ...[...this.#open.values()].map(({ acceptedAt }) => acceptedAt))
    const ended: InvocationRecord[] = []
    for (const name of this.#names)
      for (const summary of await listInvocations(this.#client, { function: name, since: oldest })) {
        if (this.#shown.has(summary.id)) continue
        this.#open.set(summary.id, summary)
        if (isEnded(summary.state)) ended.push(await this.#end(summary))
      }
    return ended.sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0))
  }

  summary(): string {
    const states = [...this.#open.values()].map(({ state }) => state)
    const running = states.filter((state) => state === 'running').length
    return states.length === 0 ? 'Waiting for files' : `${running} running, ${states.length - running} queued`
  }

  async #end({ id }: InvocationSummary): Promise<InvocationRecord> {
    this.#open.delete(id)
    this.#shown.add(id)
    return this.#client.invocation(id)
  }
}

function show(record: InvocationRecord, { log }: Output): void {
  const facts = `${clockTime(record.endedAt ?? record.acceptedAt, Date.now())}  ${record.function}  ${inputName(record.input)}  ${tookTime(record)}`
  if (record.state === 'succeeded')
    return log.success([facts, outputSummary(record.outputs)].filter(Boolean).join('  -> '))
  log.error(`${facts}  ${failureText(record)}`)
  log.notice(`  more: serverless spillway explain ${record.id}`)
}
