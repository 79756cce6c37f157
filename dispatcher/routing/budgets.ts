/**
 * What each function has spent on public back-ends. An attempt counts with what it is expected to cost from its start on,
 * and with what it did cost once that is known; what other dispatchers spend is read from the record now and then.
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

/** An attempt on record that is not paid for: it runs, or is owed. */
export interface Unpaid extends AttemptRef, Expected {}

export class Budgets {
  readonly #spent = new Map<string, Spending>()
  readonly #expected = new Map<string, Expected>()
  /** Of these, what is known from the record alone: of other dispatchers, or of an earlier life of this one. */
  readonly #found = new Set<string>()
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

  /** All that is on record and not paid for. What was found before, and is not there any more, is paid for elsewhere. */
  find(unpaid: readonly Unpaid[]): void {
    const ids = new Set(unpaid.map(idOf))
    for (const id of this.#found) if (!ids.has(id)) this.#forget(id)
    for (const attempt of unpaid) {
      if (this.#expected.has(idOf(attempt))) continue
      this.started(attempt, attempt.cost, attempt.at)
      this.#found.add(idOf(attempt))
    }
  }

  /** It never ran, or others have paid for it. */
  undone(attempt: AttemptRef): void {
    this.#forget(idOf(attempt))
  }

  /** `cost`: USD; absent: nobody is paid for it, or it is not known yet. */
  ended(attempt: AttemptRef & { function: string }, cost: number | undefined, at: number): void {
    if (cost === undefined) return
    const expected = this.#forget(idOf(attempt))
    this.of(attempt.function).add(cost, expected?.at ?? at)
    this.#record(attempt.function, hourOf(at), cost)
  }

  /**
   * What stands on record and was not spent here counts as spent as late as it can have been. A cost that was read a moment
   * before or after it was entered here is set right by the next call.
   */
  read(hours: readonly HourSpent[], now: number): void {
    for (const { function: name, hour, cost } of hours) {
      const others = cost - (this.#recorded.get(`${hour} ${name}`) ?? 0)
      if (Math.abs(others) <= 1e-9) continue
      this.of(name).add(others, Math.min(now, hour + HOUR_MS - 1))
      this.#record(name, hour, others)
    }
    this.#forgetBefore(hourOf(now) - HOUR_MS)
  }

  #forget(id: string): Expected | undefined {
    const expected = this.#expected.get(id)
    this.#expected.delete(id)
    this.#found.delete(id)
    if (expected) this.of(expected.function).add(-expected.cost, expected.at)
    return expected
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
