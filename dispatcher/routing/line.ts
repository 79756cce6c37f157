/** The line of waiting work as it is decided about again from its beginning: what has been told to stay, so far. */
import type { BackendState, Situation } from '../router/situation.js'
import { SIZES, sizeOf, unitsOf, type Load, type Unit } from '../router/load/load.js'

export interface Piece {
  cpu: number
  /** Expected run time. */
  seconds: number
}

/** By size. */
interface Sums {
  units: Float64Array
  unitSeconds: Float64Array
}

const emptySums = (): Sums => ({ units: new Float64Array(SIZES), unitSeconds: new Float64Array(SIZES) })

export class Line {
  readonly #sums: Readonly<Record<Unit, Sums>> = { attempt: emptySums(), vcpu: emptySums() }

  /** One more waits at home. */
  add({ cpu, seconds }: Piece): void {
    const size = sizeOf(cpu)
    for (const unit of ['attempt', 'vcpu'] as const) {
      const { units, unitSeconds } = this.#sums[unit]
      units[size]! += unitsOf(unit, cpu)
      unitSeconds[size]! += unitsOf(unit, cpu) * seconds
    }
  }

  /** The situation of the next piece. */
  before(situation: Situation): Situation {
    return { ...situation, backends: situation.backends.map((state) => this.#before(state)) }
  }

  #before(state: BackendState): BackendState {
    return state.load ? { ...state, load: this.#load(state.load) } : state
  }

  #load(load: Load): Load {
    const { units, unitSeconds } = this.#sums[load.unit]
    return { ...load, waiting: units, waitingCount: this.#sums.attempt.units, waitingSeconds: unitSeconds }
  }
}
