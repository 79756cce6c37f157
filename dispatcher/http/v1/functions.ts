/** Register, read and remove functions. */
import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import {
  FunctionDetailsSchema,
  FunctionListSchema,
  PACKAGE_BYTES_MAX,
  PutFunctionAnswerSchema,
  PutFunctionSchema,
  RedriveAnswerSchema,
  type PutFunction,
} from '../../../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { Dispatcher } from '../../dispatcher.js'
import { answers } from '../problems.js'

const tags = ['functions']

/** base64 makes four bytes of three; the spec and the JSON around it get some room. */
const BODY_BYTES_MAX = Math.ceil((PACKAGE_BYTES_MAX * 4) / 3) + 1024 ** 2

export const NameParams = Type.Object({
  name: Type.String({ description: 'full name of a function: <service>-<stage>-<key>' }),
})
export type Named = { Params: { name: string } }

export function addFunctions(app: FastifyInstance, dispatcher: Dispatcher): void {
  app.get(
    '/v1/functions',
    {
      schema: {
        tags,
        operationId: 'listFunctions',
        summary: 'All functions',
        response: answers({ 200: FunctionListSchema }),
      },
    },
    async () => ({
      functions: await dispatcher.functions.list(),
    }),
  )
  app.get<Named>(
    '/v1/functions/:name',
    {
      schema: {
        tags,
        operationId: 'getFunction',
        summary: 'One function, with its files',
        params: NameParams,
        response: answers({ 200: FunctionDetailsSchema }),
      },
    },
    ({ params }) => dispatcher.functions.get(params.name),
  )
  app.put<Named & { Body: PutFunction }>(
    '/v1/functions/:name',
    {
      bodyLimit: BODY_BYTES_MAX,
      schema: {
        tags,
        operationId: 'putFunction',
        summary: 'Register a release; the same spec and files are the same release',
        params: NameParams,
        body: PutFunctionSchema,
        response: answers({ 200: PutFunctionAnswerSchema, 201: PutFunctionAnswerSchema }),
      },
    },
    async ({ params, body }, reply) => {
      const answer = await dispatcher.functions.put(params.name, body)
      return reply.code(answer.created ? 201 : 200).send(answer)
    },
  )
  app.delete<Named>(
    '/v1/functions/:name',
    {
      schema: {
        tags,
        operationId: 'removeFunction',
        summary: 'Remove a function: cancels what waits and runs, keeps the record',
        params: NameParams,
        response: answers({ 204: Type.Null({ description: 'removed' }) }),
      },
    },
    async ({ params }, reply) => {
      if (await dispatcher.functions.remove(params.name)) return reply.code(204).send()
      throw new SpillwayError('function-not-found', `There is no function ${params.name}.`)
    },
  )
  app.post<Named>(
    '/v1/functions/:name/redrive',
    {
      schema: {
        tags,
        operationId: 'redriveFunction',
        summary: 'Queue every failed invocation of the function again',
        params: NameParams,
        response: answers({ 200: RedriveAnswerSchema }),
      },
    },
    async ({ params }) => ({ redriven: await dispatcher.interventions.redriveFunction(params.name) }),
  )
}
