/** Attempts on called back-ends that this dispatcher waits for, those that nobody wants any more included. */
import { attemptId, parseAttemptId } from '../../runtime/contract/invocation.js'
import type { CallBackend } from '../backends/call-backend.js'
import type { AttemptRef } from '../database/database.js'

export interface Called extends AttemptRef {
  function: string
  backend: CallBackend
}

export class CallBook {
  readonly #called = new Map<string, Called>()
  /** Ids of attempts, by invocation. */
  readonly #ids = new Map<string, Set<string>>()

  add(called: Called): void {
    const { invocation } = called
    this.#called.set(idOf(called), called)
    this.#ids.set(invocation, (this.#ids.get(invocation) ?? new Set()).add(idOf(called)))
  }

  get(id: string): Called | undefined {
    return this.#called.get(id)
  }

  has(attempt: AttemptRef): boolean {
    return this.#called.has(idOf(attempt))
  }

  /** Ids of the attempts of an invocation. */
  of(invocation: string): string[] {
    return [...(this.#ids.get(invocation) ?? [])]
  }

  delete(id: string): void {
    const { invocation } = refOf(id)
    const ids = this.#ids.get(invocation)
    this.#called.delete(id)
    ids?.delete(id)
    if (ids?.size === 0) this.#ids.delete(invocation)
  }
}

export const idOf = ({ invocation, attempt }: AttemptRef): string => attemptId(invocation, attempt)

export function refOf(id: string): AttemptRef {
  const parsed = parseAttemptId(id)
  if (!parsed) throw new Error(`${id} is no id of an attempt`)
  return { invocation: parsed.invocation, attempt: parsed.number }
}
