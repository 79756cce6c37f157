/** The first thing that a worker does which was started with a start token: it asks for all that it is to be. */
import { formatSeconds } from '../contract/units.js'
import type { StartAnswer } from '../contract/runtime-api.js'
import { Unreachable, type ApiClient } from './api-client.js'
import { ConfigError } from './config.js'
import { firstBytes } from './first-bytes.js'
import { backoffMs, wait } from './wait.js'

/** Seconds for which the dispatcher may be out of reach when a worker starts: it may just be starting again. */
const START_SECONDS_MAX = 60

/** Straight from the kernel: `node:crypto` takes 3 ms to load, while somebody waits for the worker. */
const RANDOM = '/dev/urandom'
const NONCE_BYTES = 24

/** A try whose answer got lost is told from somebody else's by its nonce. `onSent`: see `HttpRequest`. */
export async function fetchStart(api: ApiClient, signal: AbortSignal, onSent: () => void): Promise<StartAnswer> {
  const nonce = firstBytes(RANDOM, NONCE_BYTES).toString('base64url')
  for (let tries = 0; ; tries++) {
    try {
      const answer = await api.start({ nonce }, onSent)
      if (answer.kind === 'done') return answer.value
      throw new ConfigError(
        `the dispatcher refuses to start this worker: ${answer.kind === 'refused' ? answer.message : answer.kind}`,
      )
    } catch (error) {
      if (!(error instanceof Unreachable) || signal.aborted) throw error
      if (api.silenceMs > START_SECONDS_MAX * 1000)
        throw new ConfigError(`no dispatcher for ${formatSeconds(START_SECONDS_MAX)}: ${error.message}`)
      await wait(backoffMs(tries, { first: 50, most: 2000 }), signal)
    }
  }
}
