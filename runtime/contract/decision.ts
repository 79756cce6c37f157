/**
 * Where an invocation may run, from when it may spill over, and why. Made once, kept with the invocation for ever: its
 * numbers are; what they say is put into words when somebody reads it.
 */
import { Type, type Static } from '@sinclair/typebox'
import type { BackendName } from './function-spec.js'
import { oneOf } from './schema.js'

export interface Reason {
  /** Stable word for programs: `fits`, `limit`, `waiting-budget`, `only-backend` ... */
  code: string
  backend?: BackendName
  /** One sentence for people, with both numbers where a limit is concerned. */
  text: string
}

/** What decided `spillAt`. */
export const RULES = [
  'fits-nowhere',
  'only-backend',
  'only-private',
  'only-public',
  'waiting-budget',
  'expected-wait',
  'deadline',
  'cheapest',
  'fastest',
  'breaker',
  'budget',
  'moved',
  'failed-there',
  'no-room',
] as const
export type Rule = (typeof RULES)[number]

/** How the numbers of a deadline stand. */
export const DEADLINE_NOTES = ['latest', 'only-away', 'too-late'] as const
export type DeadlineNote = (typeof DEADLINE_NOTES)[number]

const seconds = (description: string) => Type.Number({ description: `${description}, seconds` })
const usd = (description: string) => Type.Number({ description: `${description}, USD` })

/** The numbers that a decision was made with. */
export const DecisionTermsSchema = Type.Object({
  rule: oneOf(RULES, { description: 'what decided `spillAt`' }),
  expectedRun: Type.Optional(
    Type.Object({
      seconds: seconds('expected run time'),
      upper: seconds('95 of 100 attempts end within this, as far as is known'),
      samples: Type.Integer({ description: 'ended attempts that this is learned from' }),
      basis: oneOf(['learned', 'hint', 'timeout'], { description: 'where the expectation comes from' }),
      sizes: Type.Optional(Type.String({ description: 'the inputs that those attempts had, in words' })),
    }),
  ),
  expectedWait: Type.Optional(
    Type.Object({
      seconds: Type.Union([seconds('expected wait for a private slot'), Type.Null()], {
        description: 'null: no end can be foreseen',
      }),
      raw: Type.Union([seconds('the same before it was corrected by how long others really waited'), Type.Null()]),
      others: Type.Optional(seconds('what others would wait for longer, all together, if it ran there')),
      free: Type.Optional(Type.Number({ description: 'private slots that were free' })),
      capacity: Type.Optional(Type.Number({ description: 'private slots that there were' })),
    }),
  ),
  waitingBudget: Type.Optional(seconds('wait for a private slot that is worth its while')),
  waitingBudgetFrom: Type.Optional(
    Type.Object(
      {
        factor: Type.Number({ description: 'share of the expected run time' }),
        cpu: Type.Optional(Type.Number({ description: 'vCPU, where they count' })),
      },
      { description: 'what the waiting budget is the product of; absent: it is a fixed time' },
    ),
  ),
  hold: Type.Optional(
    Type.Union([seconds('how long it stays private'), Type.Null()], { description: 'null: until it has run there' }),
  ),
  cost: Type.Optional(usd('expected cost of running on the public back-end')),
  budgetLeft: Type.Optional(
    Type.Object({
      perHour: Type.Optional(usd('left of the budget of an hour')),
      perMonth: Type.Optional(usd('left of the budget of the month')),
    }),
  ),
  deadlineAt: Type.Optional(Type.Number({ description: 'when the result is due, epoch milliseconds' })),
  deadline: Type.Optional(
    Type.Object(
      {
        seconds: seconds('from acceptance until the result is due'),
        note: oneOf(DEADLINE_NOTES, {
          description:
            'latest: it goes over in time for it; only-away: it can be met there alone; too-late: not even there',
        }),
      },
      { description: 'how a deadline decided' },
    ),
  ),
  otherwise: Type.Optional(
    Type.Object(
      {
        rule: oneOf(RULES, { description: 'what would have decided' }),
        hold: Type.Union([seconds('how long it would have stayed private'), Type.Null()]),
        awayFirst: Type.Boolean({ description: 'the public side was the better place' }),
      },
      { description: 'how it would have been if nothing had kept it from the public side' },
    ),
  ),
})

export type DecisionTerms = Static<typeof DecisionTermsSchema>

export interface Decision {
  /** Back-ends that may take the work, preferred first; empty = it fits nowhere. */
  eligible: BackendName[]
  /** Epoch milliseconds from which a public back-end may take it; null = never. */
  spillAt: number | null
  reasons: Reason[]
  /** Absent in records of versions that had one back-end only. */
  terms?: DecisionTerms
}

/** What the terms of a choice between private and public back-ends say: one sentence each, in this order. */
export const SENTENCES = ['run', 'wait', 'stay', 'room', 'price'] as const
export type Sentence = (typeof SENTENCES)[number]

/** A decision as it is made and kept: for what its terms say, it only names the sentence. See `inWords`. */
export interface BriefDecision extends Omit<Decision, 'reasons'> {
  reasons: (Reason | Sentence)[]
}
