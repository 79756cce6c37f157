/** What was decided for an invocation and why, in the few words that fit beside it. Pure. */
import type { InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import type { DecisionTerms, Rule } from '../../runtime/contract/decision.js'
import { formatSeconds } from '../../runtime/contract/units.js'
import { failureText } from '../words.js'

interface Facts {
  terms: DecisionTerms
  place: Place
  /** Seconds from acceptance to the first start. */
  waited: number | undefined
}

type Phrase = (facts: Facts) => string
/** Where it is: it waits, or its last attempt runs or ran there. */
export type Place = 'queue' | 'private' | 'public'

/** Of work that would wait at home for longer than that is worth. */
const VERDICTS: Readonly<Record<Place, string>> = {
  queue: 'goes over when there is room',
  private: 'a private slot was free first',
  public: 'over at once',
}

const PHRASES: Readonly<Partial<Record<Rule, Phrase>>> = {
  'waiting-budget': ({ terms: { hold }, place, waited = 0 }) => {
    if (place === 'queue') return `waits for a private slot, ${time(hold)} at most`
    if (place === 'public') return `no private slot in ${time(hold)}: went over`
    return waited <= (hold ?? Infinity) ? 'a private slot was free in time' : 'a private slot was free first'
  },
  'expected-wait': ({ terms: { expectedWait, waitingBudget }, place }) => {
    const { seconds, others = 0 } = expectedWait ?? {}
    if (typeof seconds !== 'number') return `no private slot foreseen: ${VERDICTS[place]}`
    const more = others > 0 ? `, ${time(others)} for others` : ''
    return `a wait of ${time(seconds)}${more}, worth ${time(waitingBudget)}: ${VERDICTS[place]}`
  },
  'only-public': () => 'only public back-ends can run it',
}

/** What failed says why; anything else is where it is because of the rule that decided. */
export function whyOf(record: InvocationRecord, facts: Omit<Facts, 'terms'>): string {
  if (record.cause) return failureText(record)
  const { reasons, terms } = record.decision
  const phrase = terms && PHRASES[terms.rule]
  if (phrase) return phrase({ ...facts, terms })
  const deciding = reasons.findLast(({ code }) => code === terms?.rule) ?? reasons.at(-1)
  return deciding?.text ?? ''
}

const time = (seconds: number | null | undefined) =>
  typeof seconds === 'number' ? formatSeconds(Math.round(seconds * 10) / 10) : 'any time'
