/** A queue to which an object store reports, as much of it as intake needs. */

export interface EventQueue {
  /** For logs and for what is set aside. */
  readonly name: string
  /** Waits up to `waitSeconds` for messages; they come again unless they are removed. */
  receive(waitSeconds: number, signal: AbortSignal): Promise<QueueMessage[]>
  remove(messages: readonly QueueMessage[]): Promise<void>
  close(): void
}

export interface QueueMessage {
  /** What its removal names. */
  receipt: string
  body: string
}
