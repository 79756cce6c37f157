/** Probes and metrics. */
import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { Dispatcher } from '../../dispatcher.js'
import { metricsText } from '../metrics.js'
import { answers } from '../problems.js'

const tags = ['health']
const StatusSchema = Type.Object({ status: Type.Literal('ok') })

export function addHealth(app: FastifyInstance, dispatcher: Dispatcher): void {
  app.get(
    '/healthz',
    {
      config: { role: 'public' },
      schema: {
        tags,
        operationId: 'healthz',
        summary: 'The process answers',
        response: answers({ 200: StatusSchema }),
      },
    },
    () => ({ status: 'ok' }),
  )
  app.get(
    '/readyz',
    {
      config: { role: 'public' },
      schema: {
        tags,
        operationId: 'readyz',
        summary: 'Work can be taken in',
        response: answers({ 200: StatusSchema }),
      },
    },
    async () => {
      if (dispatcher.draining)
        throw new SpillwayError('draining', 'The dispatcher is stopping; send the work again later.')
      if (!(await dispatcher.database.healthy()))
        throw new SpillwayError(
          'database-unavailable',
          'The database takes no writes now; see the log of the dispatcher.',
        )
      return { status: 'ok' }
    },
  )
  app.get(
    '/metrics',
    {
      schema: {
        tags,
        operationId: 'metrics',
        summary: 'Figures in the text format of Prometheus',
        produces: ['text/plain'],
        response: answers({ 200: Type.String() }),
      },
    },
    async (_request, reply) => {
      reply.type('text/plain; version=0.0.4; charset=utf-8').serializer(String)
      return metricsText(await dispatcher.figures())
    },
  )
}
