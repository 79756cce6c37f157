/** Waits for a condition with a deadline: the only way a test waits. */
import { setTimeout as delay } from 'node:timers/promises'

type Falsy = undefined | null | false

/** Asks until the answer is truthy and resolves to it; a failing question counts as "not yet". */
export async function eventually<T>(
  ask: () => Promise<T | Falsy> | T | Falsy,
  { timeoutMs = 10_000, everyMs = 10, what = 'the condition' } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer) return answer
      last = answer
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline)
      throw new Error(`${what} did not come true within ${timeoutMs} ms; last: ${String(last)}`)
    await delay(everyMs)
  }
}
