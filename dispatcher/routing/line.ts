/** The line of waiting work as it is decided about again from its beginning: what has been told to stay, so far. */
import type { BackendState, Situation } from '../router/situation.js'
import { SIZES, sizeOf, unitsOf, type Load } from '../router/load/load.js'

export interface Piece {
  cpu: number
  /** Expected run time. */
  seconds: number
}

export class Line {
  readonly #pieces = new Float64Array(SIZES)
  readonly #seconds = new Float64Array(SIZES)

  /** One more waits at home. */
  add({ cpu, seconds }: Piece): void {
    const size = sizeOf(cpu)
    this.#pieces[size]!++
    this.#seconds[size]! += seconds
  }

  /** The situation of the next piece of that size. */
  before(situation: Situation, { cpu }: Piece): Situation {
    return { ...situation, backends: situation.backends.map((state) => this.#before(state, cpu)) }
  }

  #before(state: BackendState, cpu: number): BackendState {
    return state.load ? { ...state, load: this.#load(state.load, cpu) } : state
  }

  #load(load: Load, cpu: number): Load {
    const units = unitsOf(load.unit, cpu)
    return {
      ...load,
      waiting: this.#pieces.map((pieces) => pieces * units),
      waitingCount: this.#pieces.slice(),
      waitingSeconds: this.#seconds.map((seconds) => seconds * units),
    }
  }
}
