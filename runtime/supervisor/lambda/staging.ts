/** The part of the staging bucket that belongs to one attempt. */
import { attemptPrefix, type LambdaFunctionFile } from '../../contract/lambda-function.js'
import { STAGED, type LambdaCall, type OutcomeDocument, type StartedDocument } from '../../contract/lambda-call.js'
import { outputsFor } from '../../contract/filters.js'
import type { S3Client } from '../aws/s3-client.js'
import { putFile } from '../aws/s3-upload.js'
import { inTurn } from '../../contract/in-turn.js'
import type { LeftFile } from '../list-outputs.js'
import { asWriteFailure } from '../stage-output.js'
import { persistently } from '../transfer/persistently.js'

/** Files on their way at once. */
const AT_ONCE = 8

const ABSENT = [403, 404]
/** Somebody else's is there already, or is just being written. */
const TAKEN = [409, 412]

export class Staging {
  readonly #s3: S3Client
  readonly #file: LambdaFunctionFile
  readonly #prefix: string

  constructor(s3: S3Client, file: LambdaFunctionFile, { invocation, attempt }: LambdaCall) {
    this.#s3 = s3
    this.#file = file
    this.#prefix = attemptPrefix(file.function, invocation, attempt)
  }

  /** Somebody has asked for the end of the attempt. */
  async isCancelled(signal: AbortSignal): Promise<boolean> {
    const call = { method: 'HEAD', object: this.#object(STAGED.cancel), expected: ABSENT, signal } as const
    return (await this.#s3.exchange(call)).status === 200
  }

  async writeStarted(document: StartedDocument, signal: AbortSignal): Promise<void> {
    await this.#write(STAGED.started, Buffer.from(JSON.stringify(document)), signal)
  }

  async writeLog(execution: string, log: Buffer, signal: AbortSignal): Promise<void> {
    if (log.length > 0) await this.#write(STAGED.log(execution), log, signal)
  }

  /** Sends the results that some output takes, under their numbers. */
  async writeResults(execution: string, files: readonly LeftFile[], signal: AbortSignal): Promise<LeftFile[]> {
    const taken = files.filter(({ name }) => outputsFor(this.#file.output, name).length > 0)
    const send = async ([index, { name, path, size }]: [number, LeftFile]) => {
      const object = this.#object(STAGED.output(execution, index))
      await putFile({ s3: this.#s3, object, from: path, size, signal }).catch((error: unknown) => {
        throw asWriteFailure(error, name)
      })
    }
    await inTurn(taken.entries(), AT_ONCE, send)
    return taken
  }

  /** Only the first outcome of an attempt is kept. */
  async writeOutcome(document: OutcomeDocument, signal: AbortSignal): Promise<void> {
    const body = Buffer.from(JSON.stringify(document))
    await this.#write(STAGED.outcome, body, signal, { headers: { 'if-none-match': '*' }, expected: TAKEN })
  }

  async #write(
    name: string,
    body: Buffer,
    signal: AbortSignal,
    more: { headers?: Record<string, string>; expected?: readonly number[] } = {},
  ): Promise<void> {
    const call = { method: 'PUT', object: this.#object(name), body, signal, ...more } as const
    await persistently(signal, () => this.#s3.exchange(call))
  }

  #object(name: string) {
    return { bucket: this.#file.staging.bucket, key: this.#prefix + name }
  }
}
