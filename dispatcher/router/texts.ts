/** What a decision says to people: one sentence for each number that it was made with. Pure. */
import type { Rule } from '../../runtime/contract/decision.js'
import { formatSeconds, formatUsd } from '../../runtime/contract/units.js'
import type { Away } from './away.js'
import type { HomeWait } from './home-wait.js'
import { SAMPLES_MIN, type RunTime } from './run-time.js'
import type { Stay } from './stay.js'
import type { Work } from './situation.js'
import { budgetText } from './waiting-budget.js'

export function runText({ basis, seconds, upper, samples, sizes }: RunTime): string {
  const time = `expected run time ${formatSeconds(seconds)}`
  if (basis === 'learned')
    return `${time}, the average of ${samples} runs${sizes ? ` ${sizes}` : ''}; 95 of 100 end within ${formatSeconds(upper)}`
  const declared = basis === 'hint' ? 'routing.expectedTime' : 'the timeout'
  return `${time}: ${declared}, until ${SAMPLES_MIN} runs of its size have ended (${samples} so far)`
}

export function waitText({ expected, others, capacity, free }: HomeWait): string {
  if (!expected) return 'how long it waits for a private slot cannot be foreseen'
  if (expected.seconds === Infinity) return 'no private slot is going to be free: there is no capacity for it'
  if (expected.seconds === 0) return `a private slot is free: ${round(free)} of ${round(capacity)}`
  const before = expected.raw === expected.seconds ? '' : `, ${formatSeconds(expected.raw)} by the books alone`
  const more = others > 0 ? `; others would wait ${formatSeconds(others)} more in all if it ran there` : ''
  return `expected to wait ${formatSeconds(expected.seconds)} for a private slot${before}${more}`
}

export function stayText(work: Work, stay: Stay, run: RunTime): string {
  return STAY[stay.rule](work, stay, run)
}

type StayText = (work: Work, stay: Stay, run: RunTime) => string

const holdText = ({ hold }: Stay) => (hold === null ? 'until it has run' : `for ${formatSeconds(hold)} at most`)

const budgetOf: StayText = ({ spec }, { budget = 0 }, run) =>
  `waiting budget ${formatSeconds(budget)} (${budgetText(spec.routing.waitingBudget, run.seconds, spec.cpu)})`

const NEVER: StayText = () => ''

const STAY: Readonly<Record<Rule, StayText>> = {
  'waiting-budget': (work, stay, run) => `${budgetOf(work, stay, run)}: it waits at home ${holdText(stay)}`,
  'expected-wait': (work, stay, run) => `${budgetOf(work, stay, run)} is less than that: it goes over at once`,
  deadline: ({ spec }, stay) => deadlineText(spec.routing.deadline ?? 0, stay),
  cheapest: (_, { awayFirst }) =>
    awayFirst ? 'public is cheaper: it goes over at once' : 'private is cheaper: it waits for that',
  fastest: (_, stay) =>
    stay.awayFirst
      ? 'public is faster: it goes over at once'
      : `private is faster: it waits for that ${holdText(stay)}`,
  'only-public': () => 'only public back-ends can run it',
  'failed-there': () => 'its last attempt failed at home: it goes over at once',
  moved: () => 'it has gone over once, and work moves once',
  breaker: NEVER,
  budget: NEVER,
  'fits-nowhere': NEVER,
  'only-backend': NEVER,
  'only-private': NEVER,
}

function deadlineText(deadline: number, stay: Stay): string {
  const limit = `deadline ${formatSeconds(deadline)}`
  if (stay.note === 'only-away') return `${limit} can only be met by going over at once`
  if (stay.note === 'too-late') return `${limit} cannot be met; it is sooner by going over at once`
  return `${limit}: to meet it in any case, it waits at home ${holdText(stay)}`
}

export function spillText({ candidate, cost, budgetLeft }: Away): string {
  const { name } = candidate.state.limits
  const left = [leftText('hour', budgetLeft?.perHour), leftText('month', budgetLeft?.perMonth)].filter(Boolean)
  return `${name}: a run costs about ${formatUsd(cost)}${left.length > 0 ? `; left ${left.join(' and ')}` : ''}`
}

const leftText = (period: string, left: number | undefined) =>
  left === undefined ? '' : `${formatUsd(left)} of the ${period}`

const round = (units: number) => Math.round(units * 10) / 10
