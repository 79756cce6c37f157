/** The past, as `spillway simulate` reads it. */
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import { historyCsvHeader, historyCsvLine, type HistoryRow } from '../../../runtime/contract/history-row.js'
import { oneOf } from '../../../runtime/contract/schema.js'
import type { Dispatcher } from '../../dispatcher.js'
import { answers } from '../problems.js'

const FORMATS = ['csv', 'json'] as const
type Format = (typeof FORMATS)[number]

const TYPES: Readonly<Record<Format, string>> = Object.freeze({ csv: 'text/csv', json: 'application/x-ndjson' })

const ROWS = Object.fromEntries(Object.values(TYPES).map((type) => [type, { schema: Type.String() }]))

const Query = Type.Object({
  since: Type.Number({
    description: 'only what was accepted at or after this time, epoch milliseconds',
    minimum: 0,
    maximum: 2 ** 47,
    default: 0,
  }),
  format: oneOf(FORMATS, { description: 'csv: with a line of names; json: one object a line', default: 'csv' }),
})

export function addHistory(app: FastifyInstance, dispatcher: Dispatcher): void {
  app.get<{ Querystring: { since: number; format: Format } }>(
    '/v1/history',
    {
      schema: {
        tags: ['invocations'],
        operationId: 'getHistory',
        summary: 'Everything that has ended, one row for each invocation, in the order of arrival',
        querystring: Query,
        produces: Object.values(TYPES),
        response: answers({
          200: { description: 'rows', content: ROWS } as never,
        }),
      },
    },
    async ({ query: { since, format } }, reply) =>
      reply.type(`${TYPES[format]}; charset=utf-8`).send(Readable.from(textOf(dispatcher.history(since), format))),
  )
}

async function* textOf(rows: AsyncIterable<HistoryRow>, format: Format): AsyncGenerator<string> {
  if (format === 'csv') yield `${historyCsvHeader()}\n`
  for await (const row of rows) yield `${format === 'csv' ? historyCsvLine(row) : JSON.stringify(row)}\n`
}
