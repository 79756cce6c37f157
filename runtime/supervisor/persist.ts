/** Says something to the dispatcher until it hears it, as long as a lease can last. */
import { Unreachable, type ApiClient } from './api-client.js'
import { backoffMs, wait } from './wait.js'

export interface Persistence {
  api: ApiClient
  /** Milliseconds without any contact after which it is given up. */
  leaseMs: number
  signal?: AbortSignal
}

export async function persist<T>(say: () => Promise<T>, { api, leaseMs, signal }: Persistence): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await say()
    } catch (error) {
      if (!(error instanceof Unreachable) || signal?.aborted || api.silenceMs > leaseMs) throw error
      await wait(backoffMs(tries, { first: 50, most: 2000 }), signal)
    }
  }
}
