/** Tries a transfer again that broke off. */
import { backoffMs, wait } from '../wait.js'
import { TransferError } from './transfer-error.js'

const TRIES = 5

export async function persistently<T>(signal: AbortSignal, move: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await move()
    } catch (error) {
      if (signal.aborted || !isTransient(error) || tries === TRIES - 1) throw error
      await wait(backoffMs(tries, { first: 100, most: 2000 }), signal)
    }
  }
}

const isTransient = (error: unknown) => error instanceof TransferError && error.fault === 'interrupted'
