/** A commit that was sent and not answered: its callers are told nothing until somebody has looked, or for so long. */
import type { SpillwayError } from '../../../runtime/contract/errors.js'
import type { Outcome } from '../group-commit.js'

/** Undefined = the commit has happened. */
type Verdict = SpillwayError | undefined

export interface DoubtOptions {
  /** Of the commit. */
  mark: number
  /** How long it may last. */
  milliseconds: number
  /** What callers are told when nobody could look in that time. */
  unknown: SpillwayError
}

export class Doubt {
  readonly mark: number
  /** Resolves when it is over. */
  readonly over: Promise<Verdict>
  readonly #end: (verdict: Verdict) => void

  constructor({ mark, milliseconds, unknown }: DoubtOptions) {
    let end: (verdict: Verdict) => void = () => undefined
    this.mark = mark
    this.over = new Promise((resolve) => {
      end = resolve
    })
    const timer = setTimeout(() => end(unknown), milliseconds)
    this.#end = (verdict) => {
      clearTimeout(timer)
      end(verdict)
    }
  }

  /** The first verdict counts. */
  end(verdict: Verdict): void {
    this.#end(verdict)
  }

  /** The outcome as it will be known. */
  until(outcome: Outcome): Outcome {
    return async () => {
      const refusal = await this.over
      if (refusal) throw refusal
      return outcome()
    }
  }
}
