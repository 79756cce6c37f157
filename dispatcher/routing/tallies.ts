/** How often was what decided, and how many attempts started where; since the start, for metrics. */
import type { BriefDecision } from '../../runtime/contract/decision.js'
import type { BackendName } from '../../runtime/contract/function-spec.js'

export interface Tally {
  labels: Record<string, string>
  value: number
}

export class Tallies {
  readonly #decisions = new Map<string, Tally>()
  readonly #attempts = new Map<string, Tally>()

  decided(functionName: string, { terms }: Pick<BriefDecision, 'terms'>): void {
    count(this.#decisions, { function: functionName, rule: terms?.rule ?? 'fits-nowhere' })
  }

  started(functionName: string, backend: BackendName): void {
    count(this.#attempts, { function: functionName, backend })
  }

  decisions(): Tally[] {
    return [...this.#decisions.values()]
  }

  attempts(): Tally[] {
    return [...this.#attempts.values()]
  }
}

function count(tallies: Map<string, Tally>, labels: Record<string, string>): void {
  const key = Object.values(labels).join(' ')
  const tally = tallies.get(key)
  if (tally) tally.value++
  else tallies.set(key, { labels, value: 1 })
}
