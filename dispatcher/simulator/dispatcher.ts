/**
 * The dispatcher of the simulated world: the router, the books and the learning that a real one has, on a virtual clock.
 * Nothing is decided here.
 */
import type { BriefDecision } from '../../runtime/contract/decision.js'
import type { BackendName, FunctionSpec } from '../../runtime/contract/function-spec.js'
import type { RoutingPolicy } from '../../runtime/contract/routing-policy.js'
import { decide } from '../router/decide.js'
import { History, type RunTimeSource } from '../router/history.js'
import { Ledger } from '../router/load/ledger.js'
import { costOf, listPrice } from '../router/price.js'
import type { Price } from '../router/prices.js'
import { declaredRunTime, knownRunTime } from '../router/run-time.js'
import type { PastFailure, Situation, Work } from '../router/situation.js'
import { Spending } from '../router/spending.js'
import { spillNow, type SpillVerdict } from '../router/spill.js'
import { specFor } from '../../runtime/contract/function-spec.js'
import type { Cluster } from './cluster.js'
import type { Attempt, Job } from './job.js'
import type { Scenario } from './scenario.js'

/** A job with what has happened to it so far. */
export interface Case {
  job: Job
  attempts: readonly Attempt[]
  /** Seconds; when it stood in line for the last time. */
  queuedAt: number
}

export class SimulatedDispatcher {
  readonly #scenario: Scenario
  readonly #cluster: Cluster
  readonly #history = new History()
  readonly #ledger: Ledger
  /** By function, as each has a budget of its own. */
  readonly #spending = new Map<string, Spending>()
  readonly #specs = new Map<FunctionSpec, { first: FunctionSpec; again: FunctionSpec }>()

  constructor(scenario: Scenario, cluster: Cluster) {
    this.#scenario = scenario
    this.#cluster = cluster
    const { nodes, units, unit, overtaking } = scenario.private.capacity
    this.#ledger = new Ledger([{ name: this.home, unit, capacity: nodes * units }], { overtaking })
  }

  get home(): BackendName {
    return this.#scenario.private.limits.name
  }

  decide(subject: Case, now: number): BriefDecision {
    return decide(this.#work(subject), this.#situation(subject.job, now))
  }

  spillNow(subject: Case, now: number): SpillVerdict {
    return spillNow(this.#work(subject), this.#situation(subject.job, now))
  }

  queued({ job }: Case, { terms }: BriefDecision, now: number): void {
    const { cpu } = job.spec
    const seconds = terms?.expectedRun?.seconds ?? job.seconds
    this.#ledger.queued(String(job.id), { cpu, seconds, at: now * 1000, raw: terms?.expectedWait?.raw ?? null })
  }

  refused({ job }: Case): void {
    this.#ledger.refused(job.spec.cpu)
  }

  started({ job }: Case, now: number): void {
    const { timeout, routing } = this.#specsOf(job.spec).first
    const run = this.#runTimesFor(job).expected({
      function: job.function,
      backend: this.home,
      inputBytes: job.inputBytes,
      timeout,
      hint: routing.expectedTime,
    })
    this.#ledger.started(String(job.id), { backend: this.home, cpu: job.spec.cpu, run, at: now * 1000 })
  }

  /** Enters what it is expected to cost; `ended` sets it right. */
  spilled({ job }: Case, cost: number, now: number): void {
    this.#ledger.left(String(job.id), 'spilled', now * 1000)
    this.#spendingOf(job).add(cost, now * 1000)
  }

  ended({ job }: Case, attempt: Attempt, expectedCost: number): void {
    if (!attempt.public) this.#ledger.ended(String(job.id))
    else this.#spendingOf(job).add(attempt.cost - expectedCost, attempt.start * 1000)
    const { function: name, inputBytes } = job
    const { backend, start, end, cut } = attempt
    this.#history.learn({ function: name, backend, inputBytes, seconds: end - start, cut })
  }

  /** USD of an attempt of so many seconds. */
  costOf(job: Job, backend: BackendName, seconds: number): number {
    const spec = specFor(job.spec, backend)
    return costOf({ spec, price: this.#priceOn(backend, job), seconds })
  }

  #priceOn(backend: BackendName, { spec }: Job): Price {
    const { private: home, public: aways } = this.#scenario
    const side = backend === home.limits.name ? home : aways.find(({ limits }) => limits.name === backend)
    return side?.price ?? listPrice(backend, spec)
  }

  #work({ job, attempts }: Case): Work {
    const failures: PastFailure[] = attempts.map(({ backend }) => ({ backend, cause: 'timeout' }))
    const specs = this.#specsOf(job.spec)
    return {
      function: job.function,
      spec: failures.length > 0 ? specs.again : specs.first,
      inputBytes: job.inputBytes,
      acceptedAt: job.arrival * 1000,
      failures,
    }
  }

  #specsOf(spec: FunctionSpec): { first: FunctionSpec; again: FunctionSpec } {
    const known = this.#specs.get(spec)
    if (known) return known
    const { policy, policyAfterFailure = policy } = this.#scenario
    const under = (routing: RoutingPolicy | undefined) => (routing ? { ...spec, routing } : spec)
    const specs = { first: under(policy), again: under(policyAfterFailure) }
    this.#specs.set(spec, specs)
    return specs
  }

  #situation(job: Job, now: number): Situation {
    const { private: home, public: aways } = this.#scenario
    this.#ledger.freeIn(this.home, this.#cluster.largestFree)
    return {
      now: now * 1000,
      backends: [{ ...home, load: this.#ledger.load(this.home, now * 1000)! }, ...aways],
      runTimes: this.#runTimesFor(job),
      corrections: this.#ledger.corrections,
      spending: this.#spendingOf(job),
    }
  }

  #spendingOf({ function: name }: Job): Spending {
    const known = this.#spending.get(name)
    if (known) return known
    const spending = new Spending()
    this.#spending.set(name, spending)
    return spending
  }

  #runTimesFor(job: Job): RunTimeSource {
    const { knowledge } = this.#scenario
    if (knowledge === 'perfect') return { expected: () => knownRunTime(job.seconds) }
    return knowledge === 'declared' ? DECLARED : this.#history
  }
}

const DECLARED: RunTimeSource = { expected: declaredRunTime }
