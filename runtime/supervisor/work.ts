/** The loop of a worker: ask for an attempt, supervise it, ask again. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { asError } from '../contract/errors.js'
import { formatSeconds } from '../contract/units.js'
import { EXIT } from '../contract/worker-environment.js'
import type { Attempt, Next } from './api-client.js'
import type { Host } from './host.js'
import type { Ending } from './supervise.js'
import { backoffMs, wait } from './wait.js'

/** Loaded while the dispatcher looks for the first attempt. */
const supervision = () => import('./supervise.js')

export async function work(host: Host): Promise<number> {
  setImmediate(host.prepare)
  while (!host.shutdown.aborted) {
    const next = await nextOrUnreachable(host)
    if (next === undefined) return host.shutdown.aborted ? EXIT.done : EXIT.outOfReach
    if (next.kind === 'dismissed') return EXIT.done
    if (next.kind === 'refused') {
      host.note(`the dispatcher refuses this worker: ${next.message}`)
      return EXIT.failed
    }
    if (next.kind === 'attempt') await superviseAll(next.attempt, host)
    if (next.kind === 'attempt' && host.config.worker.fresh) return EXIT.done
  }
  return EXIT.done
}

/** One attempt after the other, as long as the answer to each report brings the next. */
async function superviseAll(first: Attempt, host: Host): Promise<void> {
  const { supervise } = await supervision()
  let attempt: Attempt | undefined = first
  while (attempt) attempt = await finish(await supervise(attempt, host))
}

/** While the dispatcher takes note of the attempt and looks for the next, what is left of it is cleared away. */
async function finish({ reported, cleanUp }: Ending): Promise<Attempt | undefined> {
  // The report leaves in this turn.
  await nextTurn()
  await cleanUp()
  return reported
}

/** Undefined once the dispatcher has been out of reach for a whole lease, or the worker has to stop. */
async function nextOrUnreachable(host: Host): Promise<Next | undefined> {
  const { api, config, shutdown, note, now } = host
  let brokenSinceMs: number | undefined
  for (let tries = 0; !shutdown.aborted; tries++) {
    try {
      return await api.next(shutdown, () => void supervision())
    } catch (error) {
      if (shutdown.aborted) return undefined
      brokenSinceMs ??= now()
      if (now() - brokenSinceMs > config.worker.leaseSeconds * 1000) {
        note(`no dispatcher for ${formatSeconds(config.worker.leaseSeconds)}: ${asError(error).message}`)
        return undefined
      }
      await wait(backoffMs(tries, { first: 50, most: 2000 }), shutdown)
    }
  }
  return undefined
}
