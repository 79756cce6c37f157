/** The end of an attempt and its worker's next one, in one call and, after a success, in one commit. */
import type { Attempts, Report } from './attempts.js'
import type { HandedOut, HandOut } from './hand-out.js'

interface Parts {
  attempts: Attempts
  handOut: HandOut
}

/** Undefined when nothing is ready for the worker; the signal is the connection's. */
export async function settleAndTakeNext(
  { attempts, handOut }: Parts,
  report: Omit<Report, 'onAsked'>,
  connection: AbortSignal,
): Promise<HandedOut | undefined> {
  const { claims, outcome } = report
  if (outcome.outcome === 'failed') {
    // The same invocation may be the next: what ended must be in the books before it starts again.
    await attempts.settle(report)
    return handOut.nextAtOnce(claims, connection)
  }
  let next: Promise<HandedOut | undefined> = Promise.resolve(undefined)
  const onAsked = () => {
    next = handOut.nextAtOnce(claims, connection)
    // It may fail before the report has been recorded, while nobody waits for it yet.
    next.catch(() => undefined)
  }
  try {
    await attempts.settle({ ...report, onAsked })
  } catch (error) {
    const claimed = await next
    if (claimed) await handOut.takeBack(claimed, claims)
    throw error
  }
  return next
}
