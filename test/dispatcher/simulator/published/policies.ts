/** The published policies in the words of `routing`, with the arithmetic of the simulator that they were published with. */
import type { Capacity } from '../../../../dispatcher/simulator/cluster.js'
import type { Arithmetic, Scenario } from '../../../../dispatcher/simulator/scenario.js'
import { readFunctionSpec } from '../../../../runtime/contract/read-function-spec.js'
import type { RoutingPolicy } from '../../../../runtime/contract/routing-policy.js'

/** As `expected.json` has them; times are in the unit of the list. */
export interface Published {
  budget: 'zero' | 'constant' | 'runtime' | 'gpus' | 'gpu-hours' | 'infinite' | 'star'
  factor?: number
  loop: boolean
  cloud_trial_h?: number
  ratio?: number
}

const WAIT_MAX = 1e9

const waiting = (waitingBudget: object, rest: object = {}): RoutingPolicy =>
  readFunctionSpec(
    { script: 's', routing: { waitingBudget: { max: WAIT_MAX, forecast: false, ...waitingBudget }, ...rest } },
    { path: 'f', storages: [], backends: ['local'] },
  ).value!.routing

/** `expectedTime` stands for a known run time of one, so that a budget grows with the size alone. */
const POLICIES: Readonly<Record<Published['budget'], (factor: number) => RoutingPolicy>> = {
  zero: () => waiting({ factor: 0 }),
  constant: (factor) => waiting({ min: factor, max: factor }),
  runtime: (factor) => waiting({ factor, share: 'none' }),
  gpus: (factor) => waiting({ factor }, { expectedTime: 1 }),
  'gpu-hours': (factor) => waiting({ factor }),
  infinite: () => waiting({}, { prefer: 'cheapest' }),
  star: () => waiting({ factor: 0 }, { expectedTime: Number.MIN_VALUE }),
}

const KNOWS_RUN_TIMES: readonly Published['budget'][] = ['runtime', 'gpu-hours']

export function scenarioOf(published: Published, { nodes, units }: Pick<Capacity, 'nodes' | 'units'>): Scenario {
  const { budget, factor = 0, loop, cloud_trial_h: trial, ratio = 1 } = published
  return {
    private: {
      limits: { name: 'kubernetes', public: false },
      capacity: { nodes, units, unit: 'vcpu', overtaking: loop },
    },
    public: [
      { limits: { name: 'lambda', public: true, ...(trial === undefined ? {} : { timeoutMax: trial }) }, price: CHEAP },
      ...(trial === undefined ? [] : [{ limits: { name: 'local', public: true } as const, price: DEAR }]),
    ],
    policy: POLICIES[budget](factor),
    ...(trial === undefined ? {} : { policyAfterFailure: POLICIES.gpus(factor) }),
    knowledge: KNOWS_RUN_TIMES.includes(budget) ? 'perfect' : 'declared',
    arithmetic: trial === undefined ? { spillAt } : starArithmetic(trial, ratio),
  }
}

const CHEAP = { perCpuSecond: 1 }
/** A second public side without a limit, for what was cut on the first. */
const DEAR = { perCpuSecond: 2 }

/** By way of a nominal deadline, bracketed as there. */
const spillAt: Arithmetic['spillAt'] = ({ job: { arrival, seconds }, hold }) =>
  spillAfter(arrival, seconds, arrival + hold + seconds)

function spillAfter(arrival: number, seconds: number, deadline: number): number {
  const wait = Math.min(WAIT_MAX, Math.max(0, deadline - seconds - arrival))
  return arrival + seconds + wait - seconds
}

/** What ran for a while on the public side comes back and waits again, `ratio` times what is left of its budget. */
const starArithmetic = (trial: number, ratio: number): Arithmetic => ({
  spillAt: ({ job, hold, queuedAt, attempt }) => {
    if (attempt === 1) return spillAt({ job, hold, queuedAt, attempt })
    const { arrival, seconds } = job
    const wait = ratio * Math.max(0, arrival + hold + seconds - seconds - queuedAt)
    return spillAfter(queuedAt, seconds, queuedAt + seconds + wait)
  },
  /** When nobody else is due before, and it arrived in this very moment, it is queued again at once. */
  backAt: ({ job, now, nextInLine, at }) => (job.arrival === now && nextInLine > now + trial ? now : at),
})
