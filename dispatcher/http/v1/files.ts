/** Files that pass through the dispatcher, for workers that do not share its disk. Streams, whatever their size. */
import type { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { RUNTIME_PATHS } from '../../../runtime/contract/runtime-api.js'
import type { Dispatcher } from '../../dispatcher.js'
import { answers } from '../problems.js'
import { claimsOf } from './attempts.js'

const tags = ['workers']
const config = { role: 'worker' } as const

const AttemptParams = Type.Object({ id: Type.String({ description: 'attempt, <invocation>.<number>' }) })
const ResultParams = Type.Object({
  ...AttemptParams.properties,
  number: Type.Integer({ minimum: 0, description: 'of the grant' }),
})
const Bytes = { description: 'bytes', content: { 'application/octet-stream': { schema: Type.String() } } } as never

export function addFiles(app: FastifyInstance, { relayed }: Dispatcher): void {
  app.get<{ Params: { id: string } }>(
    RUNTIME_PATHS.input(':id'),
    {
      config,
      schema: {
        tags,
        operationId: 'getInput',
        summary: 'The object that is the input',
        params: AttemptParams,
        response: answers({ 200: Bytes }),
      },
    },
    async (request, reply) =>
      reply.type('application/octet-stream').send(await relayed.read(request.params.id, claimsOf(request))),
  )
  app.put<{ Params: { id: string; number: number }; Body: Readable | null }>(
    RUNTIME_PATHS.result(':id', ':number'),
    {
      bodyLimit: Number.MAX_SAFE_INTEGER,
      config,
      schema: {
        tags,
        operationId: 'putResult',
        summary: 'The content of one granted result',
        params: ResultParams,
        response: answers({ 204: Type.Null({ description: 'on the disk' }) }),
      },
    },
    async (request, reply) => {
      const { id, number } = request.params
      await relayed.write(id, claimsOf(request), { number, content: request.body ?? request.raw })
      return reply.code(204).send()
    },
  )
}
