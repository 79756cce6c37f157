/** One piece of work of a job list, and what became of it. */
import type { BackendName, FunctionSpec } from '../../runtime/contract/function-spec.js'
import type { Rule } from '../../runtime/contract/decision.js'

export interface Job {
  /** Position in the list, which is in order of arrival. */
  id: number
  /** Seconds since the beginning of the list. */
  arrival: number
  /** How long it really runs, seconds. */
  seconds: number
  function: string
  /** Everything about it but its routing policy; jobs of one kind share theirs. */
  spec: FunctionSpec
  /** bytes */
  inputBytes: number
}

export interface Attempt {
  backend: BackendName
  public: boolean
  /** Seconds. */
  start: number
  end: number
  /** USD */
  cost: number
  /** It was stopped at the time limit of the back-end. */
  cut: boolean
}

export interface Result {
  job: Job
  /** Oldest first; the last one is where it ended. */
  attempts: Attempt[]
  /** What decided when it might go over. */
  rule: Rule
}
