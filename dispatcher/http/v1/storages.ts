/** Where files lie, and what is wrong there. */
import type { FastifyInstance } from 'fastify'
import { API_PATHS, StorageListSchema } from '../../../runtime/contract/dispatcher-api.js'
import type { Dispatcher } from '../../dispatcher.js'
import { answers } from '../problems.js'

export function addStorages(app: FastifyInstance, dispatcher: Dispatcher): void {
  app.get(
    API_PATHS.storages,
    {
      schema: {
        tags: ['storages'],
        operationId: 'listStorages',
        summary: 'Each storage: whether work waits because of it, and why',
        response: answers({ 200: StorageListSchema }),
      },
    },
    () => ({ storages: dispatcher.storages() }),
  )
}
