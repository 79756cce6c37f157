/** What workers say about the attempt they hold: our four calls beside the Runtime API. */
import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import type { LogRequest, OutputsRequest, WorkerClaims } from '../../../runtime/contract/runtime-api.js'
import { oneOf } from '../../../runtime/contract/schema.js'
import type { Dispatcher } from '../../dispatcher.js'
import { answers } from '../problems.js'
import type { FastifyRequest } from 'fastify'

const tags = ['workers']
const config = { role: 'worker' } as const

const AttemptParams = Type.Object({ id: Type.String({ description: 'attempt, <invocation>.<number>' }) })
const EmptySchema = Type.Object({})

const OutputsSchema = Type.Object({
  outputs: Type.Array(Type.Object({ name: Type.String(), size: Type.Integer({ minimum: 0 }) }), { maxItems: 100_000 }),
})
const OutputsAnswerSchema = Type.Object({
  outputs: Type.Array(
    Type.Object({
      name: Type.String(),
      grants: Type.Array(
        Type.Object({
          method: Type.Literal('PUT'),
          url: Type.String(),
          headers: Type.Optional(Type.Record(Type.String(), Type.String())),
          ca: Type.Optional(Type.String({ description: 'certificate authority of the store, PEM' })),
          expiresAt: Type.Number(),
          parts: Type.Optional(
            Type.Array(Type.Object({ url: Type.String(), size: Type.Number() }), {
              description: 'pieces in which a large file goes',
            }),
          ),
        }),
      ),
    }),
  ),
})
const LogSchema = Type.Object({
  lines: Type.Array(
    Type.Object({
      time: Type.Number(),
      stream: oneOf(['stdout', 'stderr', 'system'], { description: 'where it was printed' }),
      text: Type.String(),
    }),
  ),
})
const HeartbeatSchema = Type.Object({ cancel: Type.Boolean(), deadlineMs: Type.Number() })

/** Bytes of one batch of log lines, and of a list of results. */
const BODY_BYTES_MAX = 16 * 1024 ** 2

type Call<Body = unknown> = { Params: { id: string }; Body: Body }

export function addAttempts(app: FastifyInstance, dispatcher: Dispatcher): void {
  const { attempts } = dispatcher
  const options = (operationId: string, summary: string, answer: Parameters<typeof answers>[0], body?: object) => ({
    bodyLimit: BODY_BYTES_MAX,
    config,
    schema: { tags, operationId, summary, params: AttemptParams, ...(body ? { body } : {}), response: answers(answer) },
  })
  app.post<Call>(
    '/v1/attempts/:id/heartbeat',
    options('heartbeat', 'Renew the lease', { 200: HeartbeatSchema }),
    (request) => attempts.heartbeat(request.params.id, claimsOf(request)),
  )
  app.post<Call<OutputsRequest>>(
    '/v1/attempts/:id/outputs',
    options('grantOutputs', 'Grants for results', { 200: OutputsAnswerSchema }, OutputsSchema),
    (request) => attempts.grantOutputs(request.params.id, claimsOf(request), request.body),
  )
  app.post<Call<LogRequest>>(
    '/v1/attempts/:id/log',
    options('log', 'Append lines to the log', { 200: EmptySchema }, LogSchema),
    async (request) => {
      await attempts.log(request.params.id, claimsOf(request), request.body.lines)
      return {}
    },
  )
  app.post<Call>(
    '/v1/attempts/:id/release',
    options('giveBack', 'Give the attempt back', { 200: EmptySchema }),
    async (request) => {
      await attempts.giveBack(request.params.id, claimsOf(request))
      return {}
    },
  )
  app.get<Call>(
    '/v1/attempts/:id/body',
    options('getBody', 'The request body that is the input', {
      200: { description: 'bytes', content: { 'application/octet-stream': { schema: Type.String() } } } as never,
    }),
    async (request, reply) =>
      reply.type('application/octet-stream').send(await attempts.body(request.params.id, claimsOf(request))),
  )
}

/** The access check has put them there. */
export function claimsOf(request: Pick<FastifyRequest, 'worker'>): WorkerClaims {
  if (!request.worker) throw new Error('the route lacks the role worker')
  return request.worker
}
