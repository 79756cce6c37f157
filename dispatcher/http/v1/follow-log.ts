/** The log of an invocation as it grows, until the invocation has ended or the caller has gone. */
import { isEnded } from '../../../runtime/contract/invocation.js'
import type { Dispatcher } from '../../dispatcher.js'
import { logTopic } from '../../topics.js'
import type { KeptLine } from '../../workers/log-book.js'

/** Milliseconds between two looks when nothing was reported. */
const LOOK_AGAIN_MS = 2000

export async function* followLog(dispatcher: Dispatcher, id: string, signal: AbortSignal): AsyncGenerator<KeptLine> {
  let seen = 0
  for (;;) {
    const waiter = dispatcher.changes.enter(logTopic(id))
    try {
      const record = await dispatcher.database.getInvocation(id)
      for await (const line of dispatcher.logs.read(id, seen)) {
        seen++
        yield line
      }
      if (!record || isEnded(record.state) || signal.aborted) return
      await waiter.wait({ milliseconds: LOOK_AGAIN_MS, signal })
    } finally {
      waiter.leave()
    }
  }
}
