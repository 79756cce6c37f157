/** The record: what was accepted, decided, run and published. */
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import {
  InvocationListSchema,
  InvocationRecordSchema,
  InvocationSummarySchema,
  type InvocationRecord,
} from '../../../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { STATES, type State } from '../../../runtime/contract/invocation.js'
import { oneOf } from '../../../runtime/contract/schema.js'
import type { Dispatcher } from '../../dispatcher.js'
import { answers } from '../problems.js'
import { followLog } from './follow-log.js'
import { connectionSignal, unknownInvocation, untilEnded, waitMs } from './waiting.js'

const tags = ['invocations']
const LIMIT_DEFAULT = 50
const LIMIT_MAX = 1000

const IdParams = Type.Object({ id: Type.String({ description: 'id of an invocation' }) })
const OutputParams = Type.Object({
  ...IdParams.properties,
  number: Type.Integer({ minimum: 0, description: 'of the output, from 0' }),
})
const ListQuery = Type.Object({
  function: Type.Optional(Type.String({ description: 'full name of a function' })),
  state: Type.Optional(oneOf(STATES, { description: 'only those in this state' })),
  since: Type.Optional(
    Type.Number({ description: 'only those accepted at or after this time, epoch milliseconds', minimum: 0 }),
  ),
  limit: Type.Integer({ description: 'most rows', minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT }),
  cursor: Type.Optional(Type.String({ description: 'from the page before', pattern: '^[A-Za-z0-9_-]{1,64}$' })),
})
const WaitQuery = Type.Object({
  wait: Type.Optional(Type.String({ description: 'hold the answer for up to this time until it has ended' })),
})
const LogQuery = Type.Object({
  follow: Type.Boolean({ description: 'go on until the invocation has ended', default: false }),
})

type WithId = { Params: { id: string } }
type List = { Querystring: { function?: string; state?: State; since?: number; limit: number; cursor?: string } }

export function addInvocations(app: FastifyInstance, dispatcher: Dispatcher): void {
  const must = async (id: string): Promise<InvocationRecord> => {
    const record = await dispatcher.database.getInvocation(id)
    if (!record) throw unknownInvocation(id)
    return record
  }
  app.get<List>(
    '/v1/invocations',
    {
      schema: {
        tags,
        operationId: 'listInvocations',
        summary: 'Invocations, newest first',
        querystring: ListQuery,
        response: answers({ 200: InvocationListSchema }),
      },
    },
    ({ query }) => dispatcher.database.listInvocations(query),
  )
  app.get<WithId & { Querystring: { wait?: string } }>(
    '/v1/invocations/:id',
    {
      schema: {
        tags,
        operationId: 'getInvocation',
        summary: 'One invocation: moves, decision with reasons, attempts, outputs',
        params: IdParams,
        querystring: WaitQuery,
        response: answers({ 200: InvocationRecordSchema }),
      },
    },
    ({ params, query }, reply) =>
      query.wait === undefined
        ? must(params.id)
        : untilEnded(dispatcher, params.id, { milliseconds: waitMs(query.wait), signal: connectionSignal(reply) }),
  )
  app.get<WithId & { Querystring: { follow: boolean } }>(
    '/v1/invocations/:id/log',
    {
      schema: {
        tags,
        operationId: 'getLog',
        summary: 'What the script printed: one JSON object a line {time, attempt, stream, text}',
        params: IdParams,
        querystring: LogQuery,
        produces: ['application/x-ndjson'],
        response: answers({
          200: { description: 'lines', content: { 'application/x-ndjson': { schema: Type.String() } } } as never,
        }),
      },
    },
    async ({ params, query }, reply) => {
      const { id } = await must(params.id)
      const lines = query.follow ? followLog(dispatcher, id, connectionSignal(reply)) : dispatcher.logs.read(id)
      return reply.type('application/x-ndjson').send(Readable.from(asText(lines)))
    },
  )
  app.get<WithId>(
    '/v1/invocations/:id/result',
    {
      schema: {
        tags,
        operationId: 'getResult',
        summary: 'The standard output that answers a request, byte for byte',
        params: IdParams,
        produces: ['application/octet-stream'],
        response: answers({
          200: { description: 'bytes', content: { 'application/octet-stream': { schema: Type.String() } } } as never,
        }),
      },
    },
    async ({ params }, reply) => {
      const { id, state, result } = await must(params.id)
      if (!result)
        throw new SpillwayError(
          'object-not-found',
          `Invocation ${id} is ${state} and has no result; only requests have one, once they have ended.`,
        )
      return reply.type('application/octet-stream').send(Buffer.from(result.body, result.encoding))
    },
  )
  app.get<{ Params: { id: string; number: number } }>(
    '/v1/invocations/:id/outputs/:number',
    {
      schema: {
        tags,
        operationId: 'getOutput',
        summary: 'The content of one of its outputs, in the order of the record',
        params: OutputParams,
        produces: ['application/octet-stream'],
        response: answers({
          200: { description: 'bytes', content: { 'application/octet-stream': { schema: Type.String() } } } as never,
        }),
      },
    },
    async ({ params }, reply) => {
      const { id, state, outputs } = await must(params.id)
      const output = outputs[params.number]
      if (output) return reply.type('application/octet-stream').send(await dispatcher.readResult(output))
      throw new SpillwayError(
        'object-not-found',
        `Invocation ${id} is ${state} and has ${outputs.length} output(s), counted from 0; there is no number ${params.number}.`,
      )
    },
  )
  app.post<WithId>(
    '/v1/invocations/:id/cancel',
    {
      schema: {
        tags,
        operationId: 'cancel',
        summary: 'Cancel what waits or runs',
        params: IdParams,
        response: answers({ 200: InvocationSummarySchema }),
      },
    },
    async ({ params }) => moved(await dispatcher.interventions.cancel(params.id), await must(params.id), 'cancelled'),
  )
  app.post<WithId>(
    '/v1/invocations/:id/redrive',
    {
      schema: {
        tags,
        operationId: 'redrive',
        summary: 'Queue what failed or was cancelled again',
        params: IdParams,
        response: answers({ 200: InvocationSummarySchema }),
      },
    },
    async ({ params }) => moved(await dispatcher.interventions.redrive(params.id), await must(params.id), 'redriven'),
  )
}

function moved(answer: string, record: InvocationRecord, what: string): InvocationRecord {
  if (answer === what) return record
  throw new SpillwayError('move-refused', `Invocation ${record.id} is ${record.state} and cannot be ${what}.`)
}

async function* asText(lines: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`
}
