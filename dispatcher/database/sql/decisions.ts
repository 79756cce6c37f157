/**
 * How a decision is kept: as a list of values, without the names of its terms and without the words that they can be said
 * in, because there is one for each piece of work. Earlier versions kept the object that is read, words and all.
 */
import { inWords } from '../../../runtime/contract/decision-words.js'
import type { BriefDecision, Decision, DecisionTerms } from '../../../runtime/contract/decision.js'

/** In the order of the list. What is new goes to the end. */
const TERMS = [
  'rule',
  'expectedRun',
  'expectedWait',
  'waitingBudget',
  'waitingBudgetFrom',
  'hold',
  'cost',
  'budgetLeft',
  'deadlineAt',
  'deadline',
  'otherwise',
] as const satisfies readonly (keyof DecisionTerms)[]

const PARTS: Readonly<Record<string, readonly string[]>> = {
  expectedRun: ['seconds', 'upper', 'samples', 'basis', 'sizes'],
  expectedWait: ['seconds', 'raw', 'others', 'free', 'capacity'],
  waitingBudgetFrom: ['factor', 'cpu'],
  budgetLeft: ['perHour', 'perMonth'],
  deadline: ['seconds', 'note'],
  otherwise: ['rule', 'hold', 'awayFirst'],
}

/** Stands for null: a null in the list is what is absent. */
const NONE = ''

type Kept = [
  eligible: BriefDecision['eligible'],
  spillAt: BriefDecision['spillAt'],
  reasons: BriefDecision['reasons'],
  terms: unknown[] | null | undefined,
]

export const keepDecision = ({ eligible, spillAt, reasons, terms }: BriefDecision): string =>
  JSON.stringify([eligible, spillAt, reasons, terms ? listOf(terms) : undefined] satisfies Kept)

export function readDecision(text: string): Decision {
  const kept = JSON.parse(text) as Kept | Decision
  if (!Array.isArray(kept)) return kept
  const [eligible, spillAt, reasons, list] = kept
  const terms = list ? (objectOf(list, TERMS) as DecisionTerms) : undefined
  return inWords({ eligible, spillAt, reasons, ...(terms ? { terms } : {}) })
}

/** As the tables above have it, written out: it is done for each piece of work that is taken in. */
function listOf(terms: DecisionTerms): unknown[] {
  const { expectedRun: run, expectedWait: wait, waitingBudgetFrom: from, budgetLeft: left, deadline, otherwise } = terms
  return [
    terms.rule,
    run && [run.seconds, run.upper, run.samples, run.basis, run.sizes],
    wait && [orNone(wait.seconds), orNone(wait.raw), wait.others, wait.free, wait.capacity],
    terms.waitingBudget,
    from && [from.factor, from.cpu],
    orNone(terms.hold),
    terms.cost,
    left && [left.perHour, left.perMonth],
    terms.deadlineAt,
    deadline && [deadline.seconds, deadline.note],
    otherwise && [otherwise.rule, orNone(otherwise.hold), otherwise.awayFirst],
  ]
}

function objectOf(list: readonly unknown[], keys: readonly string[]): object {
  const object: Record<string, unknown> = {}
  for (const [index, key] of keys.entries()) {
    const value = list[index] ?? undefined
    if (value !== undefined) object[key] = Array.isArray(value) ? objectOf(value, PARTS[key]!) : orNull(value)
  }
  return object
}

const orNone = (value: number | null | undefined) => (value === null ? NONE : value)

const orNull = (value: unknown) => (value === NONE ? null : value)
