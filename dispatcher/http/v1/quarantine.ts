/** Notifications that could not be read: what they were, and away with them. */
import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { API_PATHS } from '../../../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import {
  QUARANTINE_DAYS_MAX,
  QUARANTINE_EVENTS_MAX,
  QuarantineSchema,
} from '../../../runtime/contract/quarantined-event.js'
import type { Dispatcher } from '../../dispatcher.js'
import { answers } from '../problems.js'

const tags = ['events']
const NUMBER_MAX = Number.MAX_SAFE_INTEGER
const BYTES = 'application/octet-stream'

const ListQuery = Type.Object({
  limit: Type.Integer({ description: 'most rows', minimum: 1, maximum: 1000, default: 50 }),
  before: Type.Integer({
    description: 'only those with a smaller number: give the last one of a page for the next page',
    minimum: 1,
    maximum: NUMBER_MAX,
    default: NUMBER_MAX,
  }),
})
const Params = Type.Object({
  number: Type.Integer({ description: 'of a notification', minimum: 1, maximum: NUMBER_MAX }),
})

type WithNumber = { Params: { number: number } }

export function addQuarantine(app: FastifyInstance, { database }: Dispatcher): void {
  app.get<{ Querystring: { limit: number; before: number } }>(
    API_PATHS.quarantine,
    {
      schema: {
        tags,
        operationId: 'listQuarantine',
        summary: 'Notifications that could not be read, newest first',
        querystring: ListQuery,
        response: answers({ 200: QuarantineSchema }),
      },
    },
    async ({ query }) => ({
      events: await database.quarantined(query),
      eventsMax: QUARANTINE_EVENTS_MAX,
      daysMax: QUARANTINE_DAYS_MAX,
    }),
  )
  app.get<WithNumber>(
    '/v1/quarantine/:number',
    {
      schema: {
        tags,
        operationId: 'getQuarantined',
        summary: 'One of them, byte by byte as it came',
        params: Params,
        produces: [BYTES],
        response: answers({
          200: {
            description: 'the body',
            content: { [BYTES]: { schema: Type.String({ format: 'binary' }) } },
          } as never,
        }),
      },
    },
    async ({ params: { number } }, reply) => {
      const body = await database.quarantinedBody(number)
      if (!body) throw unknown(number)
      return reply.type(BYTES).send(body)
    },
  )
  app.delete<WithNumber>(
    '/v1/quarantine/:number',
    {
      schema: {
        tags,
        operationId: 'dropQuarantined',
        summary: 'Throws it away, once it has been looked at',
        params: Params,
        response: answers({ 204: Type.Null({ description: 'it is gone' }) }),
      },
    },
    async ({ params: { number } }, reply) => {
      if (!(await database.dropQuarantined(number))) throw unknown(number)
      return reply.code(204).send()
    },
  )
}

const unknown = (number: number) =>
  new SpillwayError(
    'event-not-found',
    `There is no notification ${number} in quarantine; GET /v1/quarantine lists them.`,
  )
