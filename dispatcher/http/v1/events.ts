/** Notifications of object stores. */
import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { EVENT_BODY_BYTES_MAX, EventsAnswerSchema } from '../../../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { parse } from '../../../runtime/events/parse.js'
import type { Dispatcher } from '../../dispatcher.js'
import { placeEvent } from '../../intake/place-event.js'
import { answers } from '../problems.js'

const QuerySchema = Type.Object({
  storage: Type.Optional(
    Type.String({ description: 'name of the storage that sends; needed where several of its type are configured' }),
  ),
})

export function addEvents(app: FastifyInstance, dispatcher: Dispatcher): void {
  app.post<{ Querystring: { storage?: string } }>(
    '/v1/events',
    {
      bodyLimit: EVENT_BODY_BYTES_MAX,
      config: { role: 'events' },
      schema: {
        tags: ['events'],
        operationId: 'postEvents',
        summary: 'Object events of MinIO, AWS S3, EventBridge or CloudEvents; 2xx comes after the durable commit',
        description:
          'A notification that cannot be read is kept aside and answered 200, so that the queue of its sender does not block.',
        querystring: QuerySchema,
        response: answers({ 200: EventsAnswerSchema }),
      },
    },
    async ({ body, query, ip }, reply) => {
      // A sender that keeps its connection to one of several would wait for that one when it is cut off: MinIO for a minute.
      if (!dispatcher.isAlone) reply.header('connection', 'close')
      if (dispatcher.draining)
        throw new SpillwayError('draining', 'The dispatcher is stopping; send the event again later.')
      const raw = Buffer.isBuffer(body) ? body : Buffer.alloc(0)
      const { events, problem } = parse(raw, { storageOf: placeEvent(dispatcher.config.storage, query.storage) })
      if (problem !== undefined) await dispatcher.intake.quarantine(raw, query.storage ?? ip, problem)
      return { ...(await dispatcher.intake.report(events)), ...(problem === undefined ? {} : { quarantined: problem }) }
    },
  )
}
