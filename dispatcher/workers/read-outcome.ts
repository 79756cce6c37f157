/** Outcomes as workers report them, checked: what a worker says is input like any other. */
import { Type, type TSchema } from '@sinclair/typebox'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { CAUSE_NAMES, type Failed, type Succeeded } from '../../runtime/contract/outcome.js'
import { formatProblems } from '../../runtime/contract/problem.js'
import { readWith } from '../../runtime/contract/read-schema.js'
import { oneOf } from '../../runtime/contract/schema.js'

/** Of any system; Windows has the widest. */
const EXIT_CODE_MIN = -(2 ** 31)
const EXIT_CODE_MAX = 2 ** 32 - 1

const common = {
  times: Type.Optional(Type.Object({ stageInMs: Type.Number(), runMs: Type.Number(), stageOutMs: Type.Number() })),
  exitCode: Type.Optional(Type.Integer({ minimum: EXIT_CODE_MIN, maximum: EXIT_CODE_MAX })),
  signal: Type.Optional(Type.String()),
  result: Type.Optional(
    Type.Object({
      encoding: oneOf(['utf8', 'base64'], { description: 'how the body is written' }),
      body: Type.String(),
      truncated: Type.Optional(Type.Boolean()),
    }),
  ),
}
const SucceededSchema = Type.Object({
  outcome: Type.Literal('succeeded'),
  outputs: Type.Array(Type.String()),
  ...common,
})
const FailedSchema = Type.Object({
  outcome: Type.Literal('failed'),
  cause: oneOf(CAUSE_NAMES, { description: 'why' }),
  message: Type.String(),
  ...common,
})

export const readSucceeded = (body: Buffer): Succeeded => read<Succeeded>(SucceededSchema, parseJson(body))

export const readFailed = (document: unknown): Failed => read<Failed>(FailedSchema, document)

function read<T>(schema: TSchema, document: unknown): T {
  const { value, problems } = readWith<T>(schema, document, 'outcome')
  if (value) return value
  throw new SpillwayError('invalid-request', `The outcome has problems:\n${formatProblems(problems)}`)
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new SpillwayError('invalid-request', 'The outcome is not JSON.')
  }
}
