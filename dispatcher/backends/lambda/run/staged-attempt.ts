/** One attempt in the staging bucket, as the dispatcher sees it. */
import type { Readable } from 'node:stream'
import {
  STAGED,
  type LambdaCallInput,
  type OutcomeDocument,
  type StartedDocument,
} from '../../../../runtime/contract/lambda-call.js'
import { attemptPrefix } from '../../../../runtime/contract/lambda-function.js'
import { parseAttemptId } from '../../../../runtime/contract/invocation.js'
import type { LogLine } from '../../../../runtime/contract/runtime-api.js'
import type { CalledAttempt, CallInput, StagedResult } from '../../call-backend.js'
import type { StagingBucket } from './aws.js'

/** Bytes of an input up to which it travels with the event. */
const INLINE_BYTES_MAX = 64 * 1024

export class StagedAttempt {
  readonly #bucket: StagingBucket
  readonly #prefix: string

  constructor(bucket: StagingBucket, { id, release }: CalledAttempt) {
    const parsed = parseAttemptId(id)
    if (!parsed) throw new Error(`${id} is no id of an attempt`)
    this.#bucket = bucket
    this.#prefix = attemptPrefix(release.function, parsed.invocation, parsed.number)
  }

  outcome(): Promise<OutcomeDocument | undefined> {
    return this.#document<OutcomeDocument>(STAGED.outcome)
  }

  started(): Promise<StartedDocument | undefined> {
    return this.#document<StartedDocument>(STAGED.started)
  }

  async log({ execution }: StartedDocument): Promise<LogLine[]> {
    const content = await this.#bucket.get(this.#prefix + STAGED.log(execution))
    return (content?.toString() ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogLine)
  }

  /** Puts the input where the function will look for it, unless it is there or is small. */
  async stageInput(input: CallInput): Promise<LambdaCallInput> {
    const { name } = input
    if (input.kind === 's3') return input
    if (input.size <= INLINE_BYTES_MAX) return { kind: 'inline', name, data: await inBase64(await input.open()) }
    const key = this.#prefix + STAGED.input
    await this.#bucket.putStream(key, await input.open(), input.size)
    return { kind: 's3', name, bucket: this.#bucket.name, key, size: input.size }
  }

  /** The supervisor looks for it while the script runs. */
  async cancel(): Promise<void> {
    await this.#bucket.put(this.#prefix + STAGED.cancel, Buffer.alloc(0))
  }

  async *results(): AsyncGenerator<StagedResult> {
    const document = await this.outcome()
    if (document?.outcome.outcome !== 'succeeded') return
    for (const [index, name] of document.outcome.outputs.entries()) {
      const key = this.#prefix + STAGED.output(document.execution, index)
      const open = () => this.#bucket.open(key)
      yield { name, size: document.sizes[index] ?? 0, bucket: this.#bucket.name, key, open }
    }
  }

  remove(): Promise<void> {
    return this.#bucket.removeBelow(this.#prefix)
  }

  async #document<T>(name: string): Promise<T | undefined> {
    const content = await this.#bucket.get(this.#prefix + name)
    return content && (JSON.parse(content.toString()) as T)
  }
}

async function inBase64(content: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of content) chunks.push(Buffer.from(chunk as Buffer))
  return Buffer.concat(chunks).toString('base64')
}
