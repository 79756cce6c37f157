/** Invocations by a dispatcher: it keeps the record, the results and the log. */
import { setTimeout as delay } from 'node:timers/promises'
import { buffer } from 'node:stream/consumers'
import { REQUEST_BODY_BYTES_MAX, type InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import { isEnded } from '../../runtime/contract/invocation.js'
import type { DispatcherClient } from '../dispatcher-client.js'
import type { Content } from '../http.js'
import { failureText } from '../words.js'
import { inLanes } from './in-lanes.js'
import type { InvocationEnd, Invoker, Work } from './invoker.js'
import { putByGrant } from './put-by-grant.js'

/** Seconds for which one request waits; the loop asks again. */
const WAIT_SECONDS = 30
/** Least time between two questions, should the answer not wait. */
const ASK_EVERY_MS = 200
/** Invocations that are waited for at once. */
const LANES = 8

export class DispatcherInvoker implements Invoker {
  readonly #client: DispatcherClient
  readonly #name: string

  /** `name`: of the function. */
  constructor(client: DispatcherClient, name: string) {
    this.#client = client
    this.#name = name
  }

  async begin(work: Work): Promise<string[]> {
    if (work.kind === 'content') return [await this.#send(work)]
    const { accepted } = await this.#client.invokeOnObjects(this.#name, work.place)
    return accepted.map(({ id }) => id)
  }

  async *run(work: Work): AsyncIterable<InvocationEnd> {
    const ids = await this.begin(work)
    yield* inLanes(ids, LANES, async (id) => this.#endOf(await untilEnded(this.#client, id)))
  }

  moreAbout(id: string): string {
    return `serverless spillway explain ${id}`
  }

  async #send({ content, contentType }: Extract<Work, { kind: 'content' }>): Promise<string> {
    if (content.size > REQUEST_BODY_BYTES_MAX) return this.#upload(content)
    const body = await buffer(content.open())
    const { id } = await this.#client.invoke(this.#name, {
      body,
      contentType: contentType ?? 'application/octet-stream',
    })
    return id
  }

  /** Straight to the store where that takes it and can be reached from here, else through the dispatcher. */
  async #upload(content: Content): Promise<string> {
    const { grant, upload } = await this.#client.beginUpload(this.#name, { name: content.name, size: content.size })
    if (grant && upload !== undefined && (await putByGrant(grant, content)) === 'sent')
      return (await this.#client.completeUpload(this.#name, upload)).id
    return (await this.#client.uploadFile(this.#name, content)).id
  }

  #endOf(record: InvocationRecord): InvocationEnd {
    const { id, input, state, result, outputs } = record
    return {
      id,
      ...(input.kind === 'object' ? { key: input.event.key } : {}),
      ...(state === 'succeeded' ? {} : { failure: failureText(record) }),
      ...(result ? { result } : {}),
      outputs: outputs.map((output, number) => ({ ...output, open: () => this.#client.output(id, number) })),
      log: async () => (await this.#client.log(id)).map(({ text }) => text),
    }
  }
}

async function untilEnded(client: DispatcherClient, id: string): Promise<InvocationRecord> {
  for (;;) {
    const [record] = await Promise.all([client.invocation(id, WAIT_SECONDS), delay(ASK_EVERY_MS)])
    if (isEnded(record.state)) return record
  }
}
