/**
 * What each function has spent on public back-ends. An attempt counts with what it is expected to cost from its start on,
 * and with what it did cost once it has ended; what other dispatchers spend is read from the record now and then.
 */
import type { AttemptRef, Spending as HourSpent } from '../database/database.js'
import { attemptId } from '../../runtime/contract/invocation.js'
import { Spending } from '../router/spending.js'

const HOUR_MS = 3600 * 1000

interface Expected {
  function: string
  /** USD */
  cost: number
  at: number
}

interface EndCost {
  /** USD */
  cost: number | undefined
  isLost: boolean
}

export class Budgets {
  readonly #spent = new Map<string, Spending>()
  readonly #expected = new Map<string, Expected>()
  /** USD on record, by function and hour, as far as it is known here. */
  readonly #recorded = new Map<string, number>()

  of(functionName: string): Spending {
    const known = this.#spent.get(functionName)
    if (known) return known
    const spending = new Spending()
    this.#spent.set(functionName, spending)
    return spending
  }

  started(attempt: AttemptRef & { function: string }, cost: number, at: number): void {
    this.#expected.set(idOf(attempt), { function: attempt.function, cost, at })
    this.of(attempt.function).add(cost, at)
  }

  knows(attempt: AttemptRef): boolean {
    return this.#expected.has(idOf(attempt))
  }

  /** It never ran. */
  undone(attempt: AttemptRef): void {
    const id = idOf(attempt)
    const expected = this.#expected.get(id)
    this.#expected.delete(id)
    if (expected) this.of(expected.function).add(-expected.cost, expected.at)
  }

  /** Nobody is going to say what it did cost. */
  dropped(invocation: string): void {
    for (const id of this.#expected.keys()) if (id.startsWith(`${invocation}.`)) this.#expected.delete(id)
  }

  /** `cost`: USD; absent: nobody is paid for it, or nobody knows because it is lost. */
  ended(attempt: AttemptRef & { function: string }, { cost, isLost }: EndCost, at: number): void {
    const id = idOf(attempt)
    const expected = this.#expected.get(id)
    this.#expected.delete(id)
    if (expected && !(isLost && cost === undefined)) this.of(expected.function).add(-expected.cost, expected.at)
    if (cost === undefined) return
    this.of(attempt.function).add(cost, expected?.at ?? at)
    this.#record(attempt.function, hourOf(at), cost)
  }

  /** What stands on record and was not spent here counts as spent as late as it can have been. */
  read(hours: readonly HourSpent[], now: number): void {
    for (const { function: name, hour, cost } of hours) {
      const others = cost - (this.#recorded.get(`${hour} ${name}`) ?? 0)
      if (others <= 1e-9) continue
      this.of(name).add(others, Math.min(now, hour + HOUR_MS - 1))
      this.#record(name, hour, others)
    }
    this.#forgetBefore(hourOf(now) - HOUR_MS)
  }

  #record(functionName: string, hour: number, cost: number): void {
    const key = `${hour} ${functionName}`
    this.#recorded.set(key, (this.#recorded.get(key) ?? 0) + cost)
  }

  #forgetBefore(hour: number): void {
    for (const key of this.#recorded.keys()) if (Number(key.split(' ', 1)[0]) < hour) this.#recorded.delete(key)
  }
}

const idOf = ({ invocation, attempt }: AttemptRef) => attemptId(invocation, attempt)

const hourOf = (time: number) => Math.floor(time / HOUR_MS) * HOUR_MS
