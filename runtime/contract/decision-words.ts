/** What a decision says to people: one sentence for each of its numbers. Pure. */
import type { BriefDecision, Decision, DecisionTerms, Reason, Rule, Sentence } from './decision.js'
import { isPublic, type BackendName } from './function-spec.js'
import { formatSeconds, formatUsd } from './units.js'

/** Ended attempts from which on their average is worth more than what was declared. */
export const SAMPLES_MIN = 5

export function inWords(decision: BriefDecision): Decision {
  const { eligible, terms } = decision
  const reasons = decision.reasons.map((reason) =>
    typeof reason === 'string' ? say(reason, eligible, terms!) : reason,
  )
  return { ...decision, reasons }
}

function say(sentence: Sentence, eligible: readonly BackendName[], terms: DecisionTerms): Reason {
  switch (sentence) {
    case 'run':
      return { code: 'expected-run', text: runText(terms.expectedRun!) }
    case 'wait':
      return { code: 'expected-wait', text: waitText(terms.expectedWait) }
    case 'stay':
      return sayStay({ ...terms, ...terms.otherwise }, terms.otherwise?.awayFirst ?? isPublic(eligible[0]!))
    case 'room':
      return sayOf('no-room', eligible, (backend) => `${backend}: ${NO_ROOM}`)
    case 'price':
      return sayOf('price', eligible, (backend) => priceText(backend, terms))
  }
}

const NO_ROOM = 'takes no more for now; it goes over when there is room, unless a private slot is free before'

const sayStay = (terms: DecisionTerms, awayFirst: boolean): Reason => ({
  code: terms.rule,
  text: STAY[terms.rule](terms, awayFirst),
})

/** Of the public back-end that it would go to. */
function sayOf(code: string, eligible: readonly BackendName[], text: (backend: BackendName) => string): Reason {
  const backend = eligible.find(isPublic)!
  return { code, backend, text: text(backend) }
}

function runText({ basis, seconds, upper, samples, sizes }: NonNullable<DecisionTerms['expectedRun']>): string {
  const time = `expected run time ${formatSeconds(seconds)}`
  if (basis === 'learned')
    return `${time}, the average of ${samples} runs${sizes ? ` ${sizes}` : ''}; 95 of 100 end within ${formatSeconds(upper)}`
  const declared = basis === 'hint' ? 'routing.expectedTime' : 'the timeout'
  return `${time}: ${declared}, until ${SAMPLES_MIN} runs of its size have ended (${samples} so far)`
}

function waitText(expected: DecisionTerms['expectedWait']): string {
  if (!expected) return 'how long it waits for a private slot cannot be foreseen'
  const { seconds, raw, others = 0, free = 0, capacity = 0 } = expected
  if (seconds === null) return 'no private slot is going to be free: there is no capacity for it'
  if (seconds === 0) return `a private slot is free: ${round(free)} of ${round(capacity)}`
  const before = raw === null || raw === seconds ? '' : `, ${formatSeconds(raw)} by the books alone`
  const more = others > 0 ? `; others would wait ${formatSeconds(others)} more in all if it ran there` : ''
  return `expected to wait ${formatSeconds(seconds)} for a private slot${before}${more}`
}

/** `awayFirst`: the public side is the better place. */
type StayText = (terms: DecisionTerms, awayFirst: boolean) => string

const NEVER: StayText = () => ''

const STAY: Readonly<Record<Rule, StayText>> = {
  'waiting-budget': (terms) => `${budgetText(terms)}: it waits at home ${holdText(terms)}`,
  'expected-wait': (terms) => `${budgetText(terms)} is less than that: it goes over at once`,
  deadline: deadlineText,
  cheapest: (_, awayFirst) =>
    awayFirst ? 'public is cheaper: it goes over at once' : 'private is cheaper: it waits for that',
  fastest: (terms, awayFirst) =>
    awayFirst ? 'public is faster: it goes over at once' : `private is faster: it waits for that ${holdText(terms)}`,
  'only-public': () => 'only public back-ends can run it',
  'failed-there': () => 'its last attempt failed at home: it goes over at once',
  moved: () => 'it has gone over once, and work moves once',
  'no-room': NEVER,
  breaker: NEVER,
  budget: NEVER,
  'fits-nowhere': NEVER,
  'only-backend': NEVER,
  'only-private': NEVER,
}

const holdText = ({ hold = null }: DecisionTerms) =>
  hold === null ? 'until it has run' : `for ${formatSeconds(hold)} at most`

const budgetText = (terms: DecisionTerms) =>
  `waiting budget ${formatSeconds(terms.waitingBudget ?? 0)} (${originText(terms)})`

/** `0.5 x 12 s x 2 vCPU`: how the budget came about. */
function originText({ waitingBudget: budget = 0, waitingBudgetFrom: from, expectedRun }: DecisionTerms): string {
  if (!from) return 'a fixed time'
  const { seconds } = expectedRun!
  const product = `${from.factor} x ${formatSeconds(seconds)}${from.cpu === undefined ? '' : ` x ${from.cpu} vCPU`}`
  const grown = from.factor * (from.cpu === undefined ? seconds : from.cpu * seconds)
  if (grown < budget) return `${product}, but never less than ${formatSeconds(budget)}`
  return grown > budget ? `${product}, but never more than ${formatSeconds(budget)}` : product
}

function deadlineText(terms: DecisionTerms): string {
  const { seconds, note } = terms.deadline!
  const limit = `deadline ${formatSeconds(seconds)}`
  if (note === 'only-away') return `${limit} can only be met by going over at once`
  if (note === 'too-late') return `${limit} cannot be met; it is sooner by going over at once`
  return `${limit}: to meet it in any case, it waits at home ${holdText(terms)}`
}

function priceText(backend: BackendName, { cost = 0, budgetLeft }: DecisionTerms): string {
  const left = [leftText('hour', budgetLeft?.perHour), leftText('month', budgetLeft?.perMonth)].filter(Boolean)
  return `${backend}: a run costs about ${formatUsd(cost)}${left.length > 0 ? `; left ${left.join(' and ')}` : ''}`
}

const leftText = (period: string, left: number | undefined) =>
  left === undefined ? '' : `${formatUsd(left)} of the ${period}`

const round = (units: number) => Math.round(units * 10) / 10
