/**
 * What attempts on public back-ends cost that ended before anybody knew: they were cancelled, or given up as lost. Each is
 * paid for once, whoever finds out what it cost, and however often the dispatcher was killed meanwhile.
 */
import { asError } from '../../runtime/contract/errors.js'
import { STAGED_DAYS } from '../../runtime/contract/lambda-function.js'
import type { Release } from '../../runtime/contract/release.js'
import type { BackendHost } from '../backends/backend.js'
import type { BackendsAtHand } from '../wiring/backends-at-hand.js'
import type { AttemptRef, Database, OwedAttempt } from '../database/database.js'
import { listCost } from '../router/price.js'
import type { Routing } from '../routing/routing.js'

/** Milliseconds between two looks at what is owed. */
const LOOK_MS = 5000

/** Attempts that one look takes up: what a week of outages left is not asked for all at once. */
const LOOK_MAX = 50

/** Milliseconds for which back-ends know what an attempt has used: as long as the staging bucket keeps it. */
const KNOWN_MS = STAGED_DAYS * 24 * 3_600_000

export interface BillsContext {
  database: Pick<Database, 'owed' | 'pay'>
  backends: Pick<BackendsAtHand, 'worker'>
  budgets: Pick<Routing['budgets'], 'ended' | 'undone'>
  /** Finds out what attempts on called back-ends have used. */
  calls(): { windUp(attempt: OwedAttempt): Promise<void> }
  release(name: string, number: number): Promise<Release>
  now(): number
  log: BackendHost['log']
}

export class Bills {
  readonly #context: BillsContext
  #lookedAt = -Infinity
  /** Owed attempts that earlier looks have taken up: what nobody can tell does not hold up what comes after it. */
  #passed = 0
  #look: Promise<void> = Promise.resolve()

  constructor(context: BillsContext) {
    this.#context = context
  }

  /** Now and then sees to it that what is owed gets paid; returns at once. */
  look(): void {
    const { now, log } = this.#context
    if (now() - this.#lookedAt < LOOK_MS) return
    this.#lookedAt = now()
    this.#look = this.#look
      .then(() => this.#lookNow())
      .catch((thrown: unknown) => log('warn', `what attempts cost is not known yet: ${asError(thrown).message}`))
  }

  /** `cost`: USD. */
  async pay(attempt: AttemptRef & { function: string }, cost: number): Promise<void> {
    const { budgets, database } = this.#context
    const now = this.#context.now()
    if (await database.pay(attempt, cost, now)) budgets.ended(attempt, cost, now)
    else budgets.undone(attempt)
  }

  /** Resolves when nothing is being looked for any more. */
  idle(): Promise<void> {
    return this.#look
  }

  async #lookNow(): Promise<void> {
    const { backends, calls, database, now } = this.#context
    const owed = await database.owed(now() - KNOWN_MS, { passed: this.#passed, most: LOOK_MAX })
    this.#passed = owed.length < LOOK_MAX ? 0 : this.#passed + owed.length
    for (const attempt of owed)
      if (backends.worker(attempt.backend)) await this.#payWorker(attempt)
      else await calls().windUp(attempt)
  }

  /** Workers are paid for by their time, until they were told to stop. */
  async #payWorker(attempt: OwedAttempt): Promise<void> {
    const { spec } = await this.#context.release(attempt.function, attempt.release)
    await this.pay(attempt, listCost(spec, attempt.backend, (attempt.endedAt - attempt.startedAt) / 1000))
  }
}
