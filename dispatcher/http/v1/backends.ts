/** Where work runs, and where it would run. */
import type { FastifyInstance } from 'fastify'
import {
  BackendListSchema,
  DecisionRequestSchema,
  DecisionSchema,
  type DecisionRequest,
} from '../../../runtime/contract/dispatcher-api.js'
import type { Dispatcher } from '../../dispatcher.js'
import { answers } from '../problems.js'

const tags = ['back-ends']

export function addBackends(app: FastifyInstance, dispatcher: Dispatcher): void {
  app.get(
    '/v1/backends',
    {
      schema: {
        tags,
        operationId: 'listBackends',
        summary: 'Each back-end: what it takes, what it runs',
        response: answers({ 200: BackendListSchema }),
      },
    },
    async () => ({ backends: await dispatcher.backends() }),
  )
  app.post<{ Body: DecisionRequest }>(
    '/v1/decisions',
    {
      schema: {
        tags,
        operationId: 'decide',
        summary: 'Dry run: the decision that work of a function and a size, an event or an invocation would get now',
        body: DecisionRequestSchema,
        response: answers({ 200: DecisionSchema }),
      },
    },
    ({ body }) => dispatcher.decisions.decide(body),
  )
}
