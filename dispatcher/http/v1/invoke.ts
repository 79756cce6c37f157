/** A request body becomes an invocation. */
import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import {
  AcceptedSchema,
  API_PATHS,
  InvocationRecordSchema,
  REQUEST_BODY_BYTES_MAX,
} from '../../../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { isEnded } from '../../../runtime/contract/invocation.js'
import type { Dispatcher } from '../../dispatcher.js'
import { answers, drained, isTooLarge } from '../problems.js'
import { NameParams, type Named } from './functions.js'
import { connectionSignal, untilEnded, waitMs } from './waiting.js'

const QuerySchema = Type.Object({
  wait: Type.Optional(
    Type.String({ description: 'hold the answer for up to this time, e.g. 30s, until the invocation has ended' }),
  ),
})
export const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({ description: 'the same key and body are the same invocation', minLength: 1, maxLength: 255 }),
  ),
})

export type Idempotent = { Headers: { 'idempotency-key'?: string } }
type Invoke = Named & Idempotent & { Querystring: { wait?: string } }

export function addInvoke(app: FastifyInstance, dispatcher: Dispatcher): void {
  app.post<Invoke>(
    '/v1/functions/:name/invocations',
    {
      bodyLimit: REQUEST_BODY_BYTES_MAX,
      errorHandler: async (error, request) => {
        if (!isTooLarge(error)) throw error
        await drained(request.raw)
        throw tooLarge(dispatcher, (request.params as Named['Params']).name)
      },
      schema: {
        tags: ['functions'],
        operationId: 'invoke',
        summary: 'Invoke a function; the body, of any type, is its input',
        params: NameParams,
        querystring: QuerySchema,
        headers: IdempotencyHeaders,
        response: answers({ 200: InvocationRecordSchema, 202: AcceptedSchema }),
      },
    },
    async (request, reply) => {
      refuseWhileDraining(dispatcher)
      const milliseconds = request.query.wait === undefined ? 0 : waitMs(request.query.wait)
      const accepted = await dispatcher.intake.request({
        function: request.params.name,
        body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
        contentType: request.headers['content-type'] ?? 'application/octet-stream',
        key: request.headers['idempotency-key'],
      })
      if (milliseconds === 0) return reply.code(202).send(accepted)
      const record = await untilEnded(dispatcher, accepted.id, { milliseconds, signal: connectionSignal(reply) })
      return isEnded(record.state) ? record : reply.code(202).send({ ...accepted, state: record.state })
    },
  )
}

export function refuseWhileDraining({ draining }: Dispatcher): void {
  if (draining) throw new SpillwayError('draining', 'The dispatcher is stopping; send the work again later.')
}

function tooLarge(dispatcher: Dispatcher, name: string): SpillwayError {
  const inputs = dispatcher.functions.inputsOf(name)
  const way =
    inputs.length > 0
      ? `Put the file into ${inputs.join(' or ')}, or upload it: ${API_PATHS.uploads(name)}.`
      : 'Give the function an `input`, and upload the file or put it there instead.'
  const details = inputs.length > 0 ? { upload: API_PATHS.uploads(name) } : {}
  return new SpillwayError('body-too-large', `A request body may have ${REQUEST_BODY_BYTES_MAX} bytes. ${way}`, details)
}
