/** A queue of Amazon SQS by the AWS SDK, which is loaded when it is first needed. */
import type { SQSClient } from '@aws-sdk/client-sqs'
import { asError, SpillwayError } from '../../runtime/contract/errors.js'
import type { EventQueue, QueueMessage } from './event-queue.js'

export interface SqsOptions {
  /** Name or URL. */
  queue: string
  /** Absent: as the SDK finds it, and so for the keys. */
  region?: string
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
}

type Sdk = typeof import('@aws-sdk/client-sqs')

/** Nothing is called before the first message is asked for. */
export function openSqs(options: SqsOptions): EventQueue {
  return new SqsQueue(options)
}

class SqsQueue implements EventQueue {
  readonly name: string
  readonly #options: SqsOptions
  #opened: Promise<{ sdk: Sdk; client: SQSClient }> | undefined
  #url: string | undefined

  constructor(options: SqsOptions) {
    this.name = options.queue
    this.#options = options
    if (/^https?:/.test(options.queue)) this.#url = options.queue
  }

  async receive(waitSeconds: number, signal: AbortSignal): Promise<QueueMessage[]> {
    const { sdk, client } = await this.#open()
    const QueueUrl = await this.#address(signal)
    const receive = new sdk.ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: waitSeconds })
    const { Messages = [] } = await this.#said('be read', client.send(receive, { abortSignal: signal }))
    return Messages.map(({ ReceiptHandle = '', Body = '' }) => ({ receipt: ReceiptHandle, body: Body }))
  }

  /** What could not be removed comes again, and is known then. */
  async remove(messages: readonly QueueMessage[]): Promise<void> {
    const { sdk, client } = await this.#open()
    const Entries = messages.map(({ receipt }, index) => ({ Id: String(index), ReceiptHandle: receipt }))
    const remove = new sdk.DeleteMessageBatchCommand({ QueueUrl: this.#url!, Entries })
    await this.#said('be emptied', client.send(remove))
  }

  close(): void {
    void this.#opened?.then(({ client }) => client.destroy())
  }

  #open() {
    const { region, credentials } = this.#options
    this.#opened ??= import('@aws-sdk/client-sqs').then((sdk) => {
      const place = { ...(region ? { region } : {}), ...(credentials ? { credentials } : {}) }
      return { sdk, client: new sdk.SQSClient(place) }
    })
    return this.#opened
  }

  async #address(signal: AbortSignal): Promise<string> {
    if (this.#url !== undefined) return this.#url
    const { sdk, client } = await this.#open()
    const find = new sdk.GetQueueUrlCommand({ QueueName: this.name })
    const { QueueUrl } = await this.#said('be found', client.send(find, { abortSignal: signal }))
    if (QueueUrl === undefined) throw new Error(`SQS has no URL for ${this.name}`)
    return (this.#url = QueueUrl)
  }

  async #said<T>(what: string, answer: Promise<T>): Promise<T> {
    return answer.catch((error: unknown) => {
      const { name, message } = asError(error)
      throw new SpillwayError(
        'aws-refused',
        `The queue ${this.name} cannot ${what}: ${name}: ${message}. It is made by \`serverless deploy\`; the dispatcher needs sqs:GetQueueUrl, sqs:ReceiveMessage and sqs:DeleteMessage.`,
        {},
        { cause: error },
      )
    })
  }
}
