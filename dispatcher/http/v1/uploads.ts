/** Input that is no body of a request: files to upload, and objects that lie in a bucket. */
import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from '@sinclair/typebox'
import {
  AcceptedSchema,
  CompleteUploadSchema,
  ObjectsAnswerSchema,
  ObjectsRequestSchema,
  UploadAnswerSchema,
  UploadRequestSchema,
  type ObjectsRequest,
  type UploadRequest,
} from '../../../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { Dispatcher } from '../../dispatcher.js'
import { answers } from '../problems.js'
import { NameParams, type Named } from './functions.js'
import { IdempotencyHeaders, refuseWhileDraining, type Idempotent } from './invoke.js'

const tags = ['functions']

const FileParams = Type.Object({
  ...NameParams.properties,
  file: Type.String({ description: 'name of the file' }),
})
export function addUploads(app: FastifyInstance, dispatcher: Dispatcher): void {
  app.post<Named & Idempotent & { Body: ObjectsRequest }>(
    '/v1/functions/:name/objects',
    {
      schema: {
        tags,
        operationId: 'invokeOnObjects',
        summary: 'Invoke a function on every object below a prefix, also on those that it has worked on before',
        params: NameParams,
        headers: IdempotencyHeaders,
        body: ObjectsRequestSchema,
        response: answers({ 202: ObjectsAnswerSchema }),
      },
    },
    async ({ params, body, headers }, reply) => {
      refuseWhileDraining(dispatcher)
      return reply.code(202).send(await dispatcher.prefixes.invoke(params.name, body, headers['idempotency-key']))
    },
  )
  app.post<Named & { Body: UploadRequest }>(
    '/v1/functions/:name/uploads',
    {
      schema: {
        tags,
        operationId: 'beginUpload',
        summary: 'Begin to upload a file that is to be the input; without a grant, PUT it to uploads/FILE',
        params: NameParams,
        body: UploadRequestSchema,
        response: answers({ 201: UploadAnswerSchema }),
      },
    },
    async ({ params, body }, reply) => reply.code(201).send(await dispatcher.uploads.begin(params.name, body)),
  )
  app.post<Named & { Body: { upload: string } }>(
    '/v1/functions/:name/uploads/complete',
    {
      schema: {
        tags,
        operationId: 'completeUpload',
        summary: 'Invoke a function on the file that was uploaded',
        params: NameParams,
        body: CompleteUploadSchema,
        response: answers({ 202: AcceptedSchema }),
      },
    },
    async ({ params, body }, reply) => {
      refuseWhileDraining(dispatcher)
      return reply.code(202).send(await dispatcher.uploads.complete(params.name, body.upload))
    },
  )
}

type File = { Params: Named['Params'] & { file: string }; Body: Readable | null }

/** Bodies are not read before the route does. */
export function addUploadedFiles(app: FastifyInstance, dispatcher: Dispatcher): void {
  app.put<File>(
    '/v1/functions/:name/uploads/:file',
    {
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: {
        tags,
        operationId: 'uploadFile',
        summary: 'Upload a file of any size through the dispatcher and invoke the function on it',
        params: FileParams,
        response: answers({ 202: AcceptedSchema }),
      },
    },
    async (request, reply) => {
      refuseWhileDraining(dispatcher)
      const { name, file } = request.params
      const content = request.body ?? request.raw
      const accepted = await dispatcher.uploads
        .receive(name, { name: file, size: lengthOf(request) }, content)
        .catch((thrown: unknown) => {
          throw request.raw.errored ? brokenOff(file, thrown) : thrown
        })
      return reply.code(202).send(accepted)
    },
  )
}

function lengthOf({ headers }: FastifyRequest): number {
  const length = headers['content-length']
  if (length !== undefined) return Number(length)
  throw new SpillwayError('invalid-request', 'Say how many bytes the file has by the header Content-Length.')
}

const brokenOff = (file: string, cause: unknown) =>
  new SpillwayError(
    'invalid-request',
    `The connection ended before all of ${file} had come; send it again.`,
    {},
    { cause },
  )
