/** How workers begin that were started with nothing but a start token: a Job's pod, say. */
import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { RUNTIME_PATHS, type StartRequest } from '../../../runtime/contract/runtime-api.js'
import type { Dispatcher } from '../../dispatcher.js'
import { answers } from '../problems.js'
import { claimsOf } from './attempts.js'

const tags = ['workers']

const StartSchema = Type.Object(
  {
    nonce: Type.String({
      description: 'chosen by the worker; a start is repeated with the same one',
      minLength: 16,
      maxLength: 128,
    }),
  },
  { additionalProperties: false },
)
const StartAnswerSchema = Type.Object({
  token: Type.String({ description: 'for every later call' }),
  worker: Type.Object({}, { additionalProperties: true, description: 'the function, as the supervisor reads it' }),
  files: Type.Array(
    Type.Object({
      mode: Type.Integer({ description: 'permission bits' }),
      grant: Type.Object({}, { additionalProperties: true, description: 'where the content is' }),
    }),
  ),
})
const Bytes = { description: 'bytes', content: { 'application/octet-stream': { schema: Type.String() } } } as never

export function addWorkers(app: FastifyInstance, { starts }: Dispatcher): void {
  app.post<{ Body: StartRequest }>(
    RUNTIME_PATHS.start,
    {
      config: { role: 'starting' },
      schema: {
        tags,
        operationId: 'startWorker',
        summary: 'Spend a start token: the worker token, the function and its files',
        body: StartSchema,
        response: answers({ 200: StartAnswerSchema }),
      },
    },
    (request) => starts.start(claimsOf(request), request.body.nonce),
  )
  app.get<{ Params: { number: number } }>(
    RUNTIME_PATHS.packaged(':number'),
    {
      config: { role: 'worker' },
      schema: {
        tags,
        operationId: 'getPackagedFile',
        summary: 'One of the files of the function',
        params: Type.Object({ number: Type.Integer({ minimum: 0, description: 'of the grant' }) }),
        response: answers({ 200: Bytes }),
      },
    },
    async (request, reply) =>
      reply.type('application/octet-stream').send(await starts.file(claimsOf(request), request.params.number)),
  )
}
