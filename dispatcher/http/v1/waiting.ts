/** Requests that wait: how long they may, and that they stop when the caller has gone. */
import type { FastifyReply } from 'fastify'
import { isEnded } from '../../../runtime/contract/invocation.js'
import { WAIT_SECONDS_MAX, type InvocationRecord } from '../../../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { parseSeconds } from '../../../runtime/contract/units.js'
import type { Dispatcher } from '../../dispatcher.js'
import { endTopic } from '../../topics.js'

/** Milliseconds between two looks when nothing was reported, as when its function was removed. */
const LOOK_AGAIN_MS = 2000

/** Aborts when the connection closes before the answer has been sent. */
export function connectionSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  return gone.signal
}

/** Milliseconds of a `wait` such as `30s`. */
export function waitMs(text: string): number {
  const seconds = parseSeconds(text)
  if (seconds !== undefined && seconds >= 0 && seconds <= WAIT_SECONDS_MAX) return seconds * 1000
  throw new SpillwayError(
    'invalid-request',
    `wait must be a time up to ${WAIT_SECONDS_MAX} s such as 30s, got ${JSON.stringify(text)}.`,
  )
}

/** The record once the invocation has ended, or as it is after `milliseconds`. */
export async function untilEnded(
  dispatcher: Dispatcher,
  id: string,
  options: { milliseconds: number; signal: AbortSignal },
): Promise<InvocationRecord> {
  const until = dispatcher.now() + options.milliseconds
  for (;;) {
    const waiter = dispatcher.changes.enter(endTopic(id))
    try {
      const record = await dispatcher.database.getInvocation(id)
      if (!record) throw unknownInvocation(id)
      const left = until - dispatcher.now()
      if (isEnded(record.state) || left <= 0 || options.signal.aborted) return record
      await waiter.wait({ milliseconds: Math.min(left, LOOK_AGAIN_MS), signal: options.signal })
    } finally {
      waiter.leave()
    }
  }
}

export const unknownInvocation = (id: string) =>
  new SpillwayError('invocation-not-found', `There is no invocation ${id}; GET /v1/invocations lists what there is.`)
