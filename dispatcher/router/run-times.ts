/**
 * Run times of one kind of work, as a histogram of bounded size that forgets slowly: incremental, and the same for the
 * same history. It knows how little it knows: with few samples it answers with less certainty, never with a guess.
 */

/** Bins per doubling: a quantile is exact to 2^(1/4), 19 %; the mean is exact. */
const BINS_PER_DOUBLING = 4
/** Doublings from a millisecond to 48 days. */
const SMALLEST_EXPONENT = -10
const LARGEST_EXPONENT = 22
const BINS = (LARGEST_EXPONENT - SMALLEST_EXPONENT) * BINS_PER_DOUBLING + 1

/** Samples after which the older ones count half: a function that changed is relearned within some hundred runs. */
const SAMPLES_MAX = 400

const UPPER_SHARE = 0.95
const UPPER_CONFIDENCE = 0.9
/** Standard deviations of a normal distribution below which that confidence lies. */
const UPPER_DEVIATIONS = 1.2816

/** The form in which run times are stored. */
export interface StoredRunTimes {
  /** Index of a bin and its count, for bins that have one. */
  bins: [number, number][]
  /** Attempts that were stopped at their timeout: they would have taken longer. */
  cut: number
  /** seconds, of all samples together */
  sum: number
  /** seconds */
  largest: number
}

export class RunTimes {
  readonly #counts = new Float64Array(BINS)
  #cut = 0
  #weight = 0
  #sum = 0
  #largest = 0
  #cumulative: Float64Array | undefined
  #upper: { bound: number | undefined } | undefined

  static from({ bins, cut, sum, largest }: StoredRunTimes): RunTimes {
    const times = new RunTimes()
    for (const [bin, count] of bins) if (bin in times.#counts) times.#counts[bin] = count
    times.#cut = cut
    times.#weight = times.#counts.reduce((total, count) => total + count, cut)
    times.#sum = sum
    times.#largest = largest
    return times
  }

  toJSON(): StoredRunTimes {
    const bins = [...this.#counts].map((count, bin): [number, number] => [bin, count]).filter(([, count]) => count > 0)
    return { bins, cut: this.#cut, sum: this.#sum, largest: this.#largest }
  }

  /** `cut`: the attempt was stopped at its timeout after so many seconds. */
  add(seconds: number, { cut = false } = {}): void {
    if (this.#weight >= SAMPLES_MAX) this.#forgetHalf()
    if (cut) this.#cut++
    else this.#counts[binOf(seconds)]!++
    this.#weight++
    this.#sum += seconds
    this.#largest = Math.max(this.#largest, seconds)
    this.#cumulative = undefined
    this.#upper = undefined
  }

  get samples(): number {
    return Math.floor(this.#weight)
  }

  /** Seconds for which an attempt takes up its place, on average; those that were cut included as long as they ran. */
  get mean(): number {
    return this.#weight > 0 ? this.#sum / this.#weight : Number.NaN
  }

  /** Share of attempts that have ended after so many seconds, from 0 to 1; those that were cut have not. */
  endedBy(seconds: number): number {
    if (this.#weight === 0 || seconds <= 0) return 0
    if (seconds >= this.#largest) return 1 - this.#cut / this.#weight
    const place = placeOf(seconds)
    if (place >= BINS) return 1 - this.#cut / this.#weight
    const bin = Math.floor(place)
    const below = bin === 0 ? 0 : this.#sums()[bin - 1]!
    return (below + (place - bin) * this.#counts[bin]!) / this.#weight
  }

  /**
   * Seconds within which 95 of 100 attempts end; it holds in 9 of 10 cases in which it is said. Undefined with too few
   * samples to say so, infinite when too many were cut. An order statistic: nothing is assumed about how they spread.
   */
  upperBound(): number | undefined {
    this.#upper ??= { bound: this.#findUpperBound() }
    return this.#upper.bound
  }

  #findUpperBound(): number | undefined {
    const count = this.samples
    if (UPPER_SHARE ** count > 1 - UPPER_CONFIDENCE) return undefined
    const spread = UPPER_DEVIATIONS * Math.sqrt(count * UPPER_SHARE * (1 - UPPER_SHARE))
    return this.#atRank(Math.min(count, Math.ceil(count * UPPER_SHARE + spread)))
  }

  #atRank(rank: number): number {
    const sums = this.#sums()
    if (rank > sums[BINS - 1]! + 1e-9) return Infinity
    const bin = sums.findIndex((sum) => sum >= rank - 1e-9)
    return Math.min(this.#largest, upperEdge(bin))
  }

  #sums(): Float64Array {
    if (this.#cumulative) return this.#cumulative
    const sums = new Float64Array(BINS)
    let total = 0
    for (let bin = 0; bin < BINS; bin++) sums[bin] = total += this.#counts[bin]!
    return (this.#cumulative = sums)
  }

  #forgetHalf(): void {
    for (let bin = 0; bin < BINS; bin++) this.#counts[bin]! /= 2
    this.#cut /= 2
    this.#weight /= 2
    this.#sum /= 2
  }
}

/** Where a time lies among the bins: the whole part is its bin, the rest how far it lies into that. */
const placeOf = (seconds: number) => Math.max(0, (Math.log2(seconds) - SMALLEST_EXPONENT) * BINS_PER_DOUBLING)

const binOf = (seconds: number) => (seconds > 0 ? Math.min(BINS - 1, Math.floor(placeOf(seconds))) : 0)

const upperEdge = (bin: number) => 2 ** (SMALLEST_EXPONENT + (bin + 1) / BINS_PER_DOUBLING)
