/**
 * Learns how forecasts of waiting came true: a line from what was expected to what it was, by least squares, over some
 * hundred cases of which the older ones count less. Both are in multiples of the run times of that moment. A forecast
 * that knows nothing of nodes and packing is put right by this, and so is one for a cluster that others use too.
 */
import type { WaitCorrection } from './load.js'

/** What a case counts after another one has come. */
const FADING = 0.998

/** Cases of "it was as expected" with which it begins, and which never fade; their spread is that of common waits. */
const PRIOR_WEIGHT = 10
const PRIOR_SUM = 0.5 * PRIOR_WEIGHT
const PRIOR_SQUARES = 0.5 * PRIOR_WEIGHT

export class Correction {
  #weight = 0
  #expected = 0
  #actual = 0
  #squares = 0
  #products = 0

  learn(expected: number, actual: number): void {
    this.fade()
    this.#weight++
    this.#expected += expected
    this.#actual += actual
    this.#squares += expected * expected
    this.#products += expected * actual
  }

  /** Nothing was learned from a case that did not wait: a verdict that keeps all work from waiting is forgotten in time. */
  fade(): void {
    this.#weight *= FADING
    this.#expected *= FADING
    this.#actual *= FADING
    this.#squares *= FADING
    this.#products *= FADING
  }

  line(): WaitCorrection {
    const weight = this.#weight + PRIOR_WEIGHT
    const expected = (this.#expected + PRIOR_SUM) / weight
    const actual = (this.#actual + PRIOR_SUM) / weight
    const variance = (this.#squares + PRIOR_SQUARES) / weight - expected * expected
    const covariance = (this.#products + PRIOR_SQUARES) / weight - expected * actual
    const slope = Math.max(0, covariance / variance)
    return { offset: actual - slope * expected, slope }
  }
}
