/** Every error of the API is `application/problem+json` with a stable code. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { Type, type TSchema } from '@sinclair/typebox'
import { asError, ERROR_CODES, problemDocument, SpillwayError, type ErrorCode } from '../../runtime/contract/errors.js'
import type { BackendHost } from '../backends/backend.js'

export const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'where, what was expected, what came, what to do' }),
    code: Type.Unsafe<ErrorCode>({ type: 'string', enum: ERROR_CODES, description: 'stable code' }),
  },
  { additionalProperties: true, title: 'Problem' },
)

const PROBLEM_TYPE = 'application/problem+json'

/** The answers of a route, with the problems that any route may answer. */
export function answers(own: Record<number, TSchema>): Record<string, unknown> {
  const problem = { description: 'a problem', content: { [PROBLEM_TYPE]: { schema: ProblemSchema } } }
  return { ...own, '4xx': problem, '5xx': problem }
}

export function answerWithProblems(app: FastifyInstance, log: BackendHost['log']): void {
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    if (isTooLarge(error)) await drained(request.raw)
    const fault = asFault(error)
    if (fault.code === 'internal')
      log('error', `${request.method} ${request.url}: ${error.message}`, { stack: error.stack })
    return sendProblem(reply, fault)
  })
  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) =>
    sendProblem(
      reply,
      new SpillwayError(
        'route-not-found',
        `There is no ${request.method} ${request.url.split('?')[0]}; /docs lists what there is.`,
      ),
    ),
  )
}

export const isTooLarge = (error: FastifyError): boolean => error.code === 'FST_ERR_CTP_BODY_TOO_LARGE'

/** Milliseconds for which a body that is too large is still read. */
const DRAIN_MS = 5000

/** Many clients look for the answer only once they have sent everything; a connection that closes on them hides it. */
export function drained(body: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, DRAIN_MS)
    body.once('close', () => clearTimeout(timer))
    for (const event of ['end', 'error', 'close']) body.once(event, () => resolve())
    body.resume()
  })
}

/** For requests that no route ever sees: paths that cannot be decoded, and what is no HTTP at all. */
export const answerBeforeRoutes = {
  frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void => {
    sendProblem(reply, asFault(error))
  },
  clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (error.code !== 'ECONNRESET' && socket.writable) socket.write(notHttp(error))
    socket.destroySoon()
  },
}

function notHttp(error: Error): string {
  const fault = new SpillwayError('invalid-request', `The request is not HTTP that can be read: ${error.message}.`)
  const body = JSON.stringify(problemDocument(fault))
  const length = Buffer.byteLength(body)
  return `HTTP/1.1 400 Bad Request\r\ncontent-type: ${PROBLEM_TYPE}\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`
}

function sendProblem(reply: FastifyReply, fault: SpillwayError): FastifyReply {
  if (fault.code === 'token-missing') reply.header('www-authenticate', 'Bearer')
  if (fault.retryable) reply.header('retry-after', '1')
  return reply.code(fault.status).type(PROBLEM_TYPE).serializer(JSON.stringify).send(problemDocument(fault))
}

function asFault(error: FastifyError): SpillwayError {
  if (error instanceof SpillwayError) return error
  if (isTooLarge(error)) return new SpillwayError('body-too-large', 'The body is larger than this path takes.')
  if (error.statusCode !== undefined && error.statusCode < 500)
    return new SpillwayError('invalid-request', `${error.message}.`)
  return new SpillwayError('internal', `A fault of the dispatcher: ${asError(error).message}. Its log has the details.`)
}
