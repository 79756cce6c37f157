/** Plays a job list under each of several policies, and under what a sweep makes of them. Pure. */
import type { Job } from './job.js'
import { readPolicy, sweepOf, type NamedPolicy, type Sweep } from './policies.js'
import type { Knowledge, Scenario } from './scenario.js'
import { simulate } from './simulate.js'
import { summaryOf, type Summary } from './summary.js'
import { timelineOf, type Timeline } from './timeline.js'

export interface Play {
  jobs: readonly Job[]
  /** All but the policy and what is known. */
  scenario: Pick<Scenario, 'private' | 'public'>
  /** YAML of `routing`. */
  policies: readonly string[]
  knowledge: readonly Knowledge[]
  sweep?: Sweep
}

export interface Played {
  policy: string
  knowledge: Knowledge
  /** Value of the sweep; absent: the policy as it was written. */
  value?: string
  summary: Summary
}

export interface Plays {
  /** For each policy and knowledge: as it was written, then the sweep. */
  played: Played[]
  /** Of the first. */
  timeline: Timeline
}

export function play({ jobs, scenario, policies, knowledge, sweep }: Play): Plays {
  const { capacity } = scenario.private
  const plays = policies.flatMap((text) => knowledge.map((known) => ({ text, known, named: readPolicy(text) })))
  const [first] = plays
  const results = simulate(jobs, { ...scenario, policy: first!.named.policy, knowledge: first!.known })
  const summaryUnder = ({ policy }: NamedPolicy, known: Knowledge): Summary =>
    policy === first!.named.policy && known === first!.known
      ? summaryOf(results, capacity)
      : summaryOf(simulate(jobs, { ...scenario, policy, knowledge: known }), capacity)
  const played = plays.flatMap(({ text, known, named }) => [
    { policy: named.name, knowledge: known, summary: summaryUnder(named, known) },
    ...(sweep ? sweepOf(text, sweep) : []).map((swept) => ({
      policy: named.name,
      knowledge: known,
      value: swept.name,
      summary: summaryUnder(swept, known),
    })),
  ])
  return { played, timeline: timelineOf(results, capacity.unit) }
}
