/**
 * What has been spent on public back-ends, in the last hour and in the calendar month (UTC). A run is entered with its
 * expected cost when it starts and set right when it has ended, so that what is under way counts. Bounded, and it can
 * be stored.
 */

const MINUTE_MS = 60_000
const MINUTES = 60

export interface StoredSpending {
  version: 1
  /** Minutes since 1970 and what was spent in each, USD. */
  minutes: [minute: number, usd: number][]
  month: string
  monthUsd: number
}

export interface MoneyBudget {
  /** USD */
  perHour?: number
  perMonth?: number
}

export class Spending {
  readonly #minutes = new Map<number, number>()
  #month = ''
  #monthUsd = 0

  static from({ minutes, month, monthUsd }: StoredSpending): Spending {
    const spending = new Spending()
    for (const [minute, usd] of minutes) spending.#minutes.set(minute, usd)
    spending.#month = month
    spending.#monthUsd = monthUsd
    return spending
  }

  toJSON(): StoredSpending {
    return { version: 1, minutes: [...this.#minutes], month: this.#month, monthUsd: this.#monthUsd }
  }

  /** Negative, with the time at which it was entered, to set an expected cost right. */
  add(usd: number, at: number): void {
    this.#turn(at)
    const minute = Math.floor(at / MINUTE_MS)
    this.#minutes.set(minute, (this.#minutes.get(minute) ?? 0) + usd)
    if (monthOf(at) === this.#month) this.#monthUsd = Math.max(0, this.#monthUsd + usd)
  }

  /** USD in the sixty minutes before, the one that runs included. */
  lastHour(now: number): number {
    const first = Math.floor(now / MINUTE_MS) - MINUTES
    let usd = 0
    for (const [minute, spent] of this.#minutes) if (minute >= first) usd += spent
    return Math.max(0, usd)
  }

  thisMonth(now: number): number {
    return monthOf(now) === this.#month ? this.#monthUsd : 0
  }

  /** Epoch milliseconds from when so much more fits the budget; infinite when it never does. */
  roomAt(usd: number, { perHour = Infinity, perMonth = Infinity }: MoneyBudget, now: number): number {
    if (usd > Math.min(perHour, perMonth)) return Infinity
    const month = this.thisMonth(now) + usd <= perMonth ? now : nextMonth(now)
    return Math.max(month, this.#hourHasRoom(usd, perHour, now))
  }

  /** The spent minutes leave the hour one by one. */
  #hourHasRoom(usd: number, perHour: number, now: number): number {
    let spent = this.lastHour(now)
    if (spent + usd <= perHour) return now
    const first = Math.floor(now / MINUTE_MS) - MINUTES
    const minutes = [...this.#minutes].filter(([minute]) => minute >= first).sort(([a], [b]) => a - b)
    for (const [minute, left] of minutes) {
      spent -= left
      if (spent + usd <= perHour) return (minute + MINUTES + 1) * MINUTE_MS
    }
    return now + MINUTES * MINUTE_MS
  }

  #turn(now: number): void {
    const first = Math.floor(now / MINUTE_MS) - MINUTES
    for (const minute of this.#minutes.keys()) if (minute < first) this.#minutes.delete(minute)
    const month = monthOf(now)
    if (month <= this.#month) return
    this.#month = month
    this.#monthUsd = 0
  }
}

const DAY_MS = 24 * 60 * MINUTE_MS
let lastDay = Number.NaN
let lastMonth = ''

/** Asked several times for each decision, and the same for a whole day. */
function monthOf(time: number): string {
  const day = Math.floor(time / DAY_MS)
  if (day !== lastDay) {
    lastDay = day
    lastMonth = new Date(time).toISOString().slice(0, 7)
  }
  return lastMonth
}

function nextMonth(time: number): number {
  const date = new Date(time)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
}
