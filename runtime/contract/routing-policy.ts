/** When work waits, when it spills over, what it may cost: policy as data. */
import { Type, type Static } from '@sinclair/typebox'
import { object, oneOf, seconds } from './schema.js'

/** Most seconds that work waits; the budget is meant to follow what the work costs, not this. */
const WAITING_MAX_SECONDS = 86_400

/** Budgets that work waits which should have started by now: what it has waited is spent, and its turn is near. */
export const PATIENCE = 1.5

export const RoutingPolicySchema = object(
  {
    prefer: oneOf(['private', 'cheapest', 'fastest'], {
      description: 'private: public back-ends are the overflow; cheapest and fastest weigh all back-ends alike',
      default: 'private',
    }),
    waitingBudget: object(
      {
        factor: Type.Number({
          description:
            'multiple of the expected run time x cpu share: seconds of waiting, its own and that of others, that one vCPU-second of public work is worth',
          minimum: 0,
          default: 0.9,
        }),
        min: seconds({ description: 'never less than this', exclusiveMinimum: undefined, minimum: 0, default: 0 }),
        max: seconds({
          description: 'never more than this',
          exclusiveMinimum: undefined,
          minimum: 0,
          default: WAITING_MAX_SECONDS,
        }),
        share: Type.Optional(
          oneOf(['cpu', 'none'], {
            description: 'whether the budget also grows with the vCPU of the function; `none`: with the time alone',
            defaultText: '`cpu`',
          }),
        ),
        forecast: Type.Optional(
          Type.Boolean({
            description: 'work that is expected to wait longer than its budget spills over at once',
            defaultText: '`true`',
          }),
        ),
        patience: Type.Optional(
          Type.Number({
            description:
              'work that was expected to start in time and does not may wait so many budgets, `max` at most; 1 without `forecast`',
            minimum: 1,
            defaultText: `\`${PATIENCE}\``,
          }),
        ),
      },
      {
        description: 'how long work waits for a private slot before it may spill over; a plain time is a fixed budget',
        default: {},
        shorthand: 'fixed-budget',
      },
    ),
    deadline: Type.Optional(
      seconds({ description: 'from acceptance to result; overrides the waiting budget when it gets tight' }),
    ),
    maxInputSize: Type.Optional(
      Type.Integer({
        description: 'size of input over which public back-ends are not used',
        minimum: 1,
        unit: 'MB',
        shorthand: 'megabytes',
      }),
    ),
    neverIfOver: Type.Optional(seconds({ description: 'expected run time over which public back-ends are not used' })),
    budget: Type.Optional(
      object(
        {
          perHour: Type.Optional(Type.Number({ description: 'USD in any hour', minimum: 0, unit: 'USD' })),
          perMonth: Type.Optional(Type.Number({ description: 'USD in a calendar month', minimum: 0, unit: 'USD' })),
        },
        { description: 'most to spend on public back-ends; when it is used up, work stays private' },
      ),
    ),
    expectedTime: Type.Optional(
      seconds({ description: 'expected run time until there is history', defaultText: 'learned' }),
    ),
  },
  { description: 'where work goes and how long it waits', default: {} },
)

export type RoutingPolicy = Static<typeof RoutingPolicySchema>
