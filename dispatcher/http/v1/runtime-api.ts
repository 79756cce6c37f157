/** The AWS Lambda Runtime API, server side: our supervisor uses it, and any real Lambda runtime client can. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from '@sinclair/typebox'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { failed, type Failed, type Outcome, type Succeeded } from '../../../runtime/contract/outcome.js'
import {
  OUTCOME_CONTENT_TYPE,
  RUNTIME_HEADERS,
  RUNTIME_PATHS,
  type WorkerClaims,
} from '../../../runtime/contract/runtime-api.js'
import { RESULT_BYTES_MAX } from '../../../runtime/contract/worker-environment.js'
import { readFailed, readSucceeded } from '../../workers/read-outcome.js'
import type { Dispatcher } from '../../dispatcher.js'
import type { HandedOut } from '../../workers/hand-out.js'
import { settleAndTakeNext } from '../../workers/settle-and-take-next.js'
import { answers } from '../problems.js'
import { claimsOf } from './attempts.js'
import { connectionSignal } from './waiting.js'

const tags = ['workers']
const config = { role: 'worker' } as const
const AttemptSchema = Type.Object({}, { additionalProperties: true, description: 'an attempt for the worker' })
const StatusSchema = Type.Object({ status: Type.Literal('OK') })
const AttemptParams = Type.Object({ id: Type.String({ description: 'the request id that `next` gave' }) })

/** A result in base64 and the outcome around it. */
const BODY_BYTES_MAX = Math.ceil((RESULT_BYTES_MAX * 4) / 3) + 1024 ** 2

type Call = { Params: { id: string }; Body: unknown }

export function addRuntimeApi(app: FastifyInstance, dispatcher: Dispatcher): void {
  const schema = (operationId: string, summary: string) => ({
    tags,
    operationId,
    summary,
    params: AttemptParams,
    response: answers({ 200: AttemptSchema, 202: StatusSchema }),
  })
  app.get(
    RUNTIME_PATHS.next,
    {
      config,
      schema: {
        tags,
        operationId: 'next',
        summary: 'The next attempt; waits for one, 204 after a while without',
        response: answers({
          200: AttemptSchema,
          204: Type.Null({ description: 'no work yet, ask again' }),
        }),
      },
    },
    async (request, reply) => {
      const claims = claimsOf(request)
      const handed = await dispatcher.handOut.next(claims, connectionSignal(reply))
      return handed ? hand(reply, handed, claims) : reply.code(204).send()
    },
  )
  app.post<Call>(
    RUNTIME_PATHS.response(':id'),
    { bodyLimit: BODY_BYTES_MAX, config, schema: schema('response', 'The attempt succeeded') },
    async (request, reply) => {
      const outcome = succeededBy(bodyOf(request.body), request.headers['content-type'])
      return settle(dispatcher, { request, reply, outcome })
    },
  )
  app.post<Call>(
    RUNTIME_PATHS.error(':id'),
    { bodyLimit: BODY_BYTES_MAX, config, schema: schema('error', 'The attempt failed') },
    async (request, reply) => {
      const outcome = failedBy(bodyOf(request.body), request.headers[RUNTIME_HEADERS.errorType])
      return settle(dispatcher, { request, reply, outcome })
    },
  )
  app.post(
    RUNTIME_PATHS.initError,
    {
      config,
      schema: {
        tags,
        operationId: 'initError',
        summary: 'The worker could not start',
        response: answers({ 202: StatusSchema }),
      },
    },
    async (request, reply) => {
      dispatcher.noteInitError(claimsOf(request), failedBy(bodyOf(request.body), undefined).message)
      return reply.code(202).send({ status: 'OK' })
    },
  )
}

interface Reported {
  request: FastifyRequest<Call>
  reply: FastifyReply
  outcome: Outcome
}

/** With the next attempt in the answer, where the worker takes one and one is ready. */
async function settle(dispatcher: Dispatcher, { request, reply, outcome }: Reported): Promise<FastifyReply> {
  const report = { id: request.params.id, claims: claimsOf(request), outcome }
  const takesNext = request.headers[RUNTIME_HEADERS.takesNext] !== undefined
  const handed = takesNext
    ? await settleAndTakeNext(dispatcher, report, connectionSignal(reply))
    : await dispatcher.attempts.settle(report)
  return handed ? hand(reply, handed, report.claims) : reply.code(202).send({ status: 'OK' })
}

const hand = (reply: FastifyReply, handed: HandedOut, claims: WorkerClaims): FastifyReply =>
  reply.headers(headersOf(handed, claims.function)).send(handed.document)

function headersOf({ attempt, document }: HandedOut, functionName: string): Record<string, string> {
  const hex = document.invocation.replaceAll('-', '')
  return {
    [RUNTIME_HEADERS.requestId]: attempt,
    [RUNTIME_HEADERS.deadlineMs]: String(document.limits.deadlineMs),
    [RUNTIME_HEADERS.functionArn]: `arn:aws:lambda:local:000000000000:function:${functionName}`,
    [RUNTIME_HEADERS.traceId]: `Root=1-${hex.slice(0, 8)}-${hex.slice(8)};Sampled=0`,
  }
}

const bodyOf = (body: unknown): Buffer => (Buffer.isBuffer(body) ? body : Buffer.alloc(0))

/** A foreign runtime client answers with the result itself, ours with an outcome. */
function succeededBy(body: Buffer, contentType: string | undefined): Succeeded {
  if (contentType?.startsWith(OUTCOME_CONTENT_TYPE)) return readSucceeded(body)
  return { outcome: 'succeeded', outputs: [], result: { encoding: 'base64', body: body.toString('base64') } }
}

function failedBy(body: Buffer, errorType: string | string[] | undefined): Failed {
  const document = parseObject(body)
  if (document.outcome !== undefined) return readFailed(document.outcome)
  const type = textOf(document.errorType ?? errorType ?? 'error')
  return failed({
    cause: 'script-exit',
    message: `${type}: ${textOf(document.errorMessage ?? 'the function failed without a message')}`,
  })
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

function parseObject(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8') || '{}')
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    throw new SpillwayError('invalid-request', 'The body of an error must be a JSON object {errorMessage, errorType}.')
  }
  throw new SpillwayError('invalid-request', 'The body of an error must be a JSON object {errorMessage, errorType}.')
}
