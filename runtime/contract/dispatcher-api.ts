/** The HTTP API of the dispatcher: shapes of requests and answers; the OpenAPI document is made from these. */
import { Type, type Static } from '@sinclair/typebox'
import { DecisionTermsSchema, RULES } from './decision.js'
import { BACKEND_NAMES } from './function-spec.js'
import { STATES } from './invocation.js'
import { CAUSE_NAMES } from './outcome.js'
import { oneOf } from './schema.js'
import { STORAGE_TYPES } from './service-config.js'

export const API_PATHS = Object.freeze({
  functions: '/v1/functions',
  function: (name: string) => `/v1/functions/${encodeURIComponent(name)}`,
  invoke: (name: string) => `/v1/functions/${encodeURIComponent(name)}/invocations`,
  objects: (name: string) => `/v1/functions/${encodeURIComponent(name)}/objects`,
  uploads: (name: string) => `/v1/functions/${encodeURIComponent(name)}/uploads`,
  completeUpload: (name: string) => `/v1/functions/${encodeURIComponent(name)}/uploads/complete`,
  uploadedFile: (name: string, file: string) =>
    `/v1/functions/${encodeURIComponent(name)}/uploads/${encodeURIComponent(file)}`,
  redriveFunction: (name: string) => `/v1/functions/${encodeURIComponent(name)}/redrive`,
  events: '/v1/events',
  invocations: '/v1/invocations',
  invocation: (id: string) => `/v1/invocations/${id}`,
  log: (id: string) => `/v1/invocations/${id}/log`,
  result: (id: string) => `/v1/invocations/${id}/result`,
  output: (id: string, number: number) => `/v1/invocations/${id}/outputs/${number}`,
  cancel: (id: string) => `/v1/invocations/${id}/cancel`,
  redrive: (id: string) => `/v1/invocations/${id}/redrive`,
  decisions: '/v1/decisions',
  backends: '/v1/backends',
  storages: '/v1/storages',
  quarantine: '/v1/quarantine',
  quarantined: (number: number) => `/v1/quarantine/${number}`,
})

/** Bytes of a request body; larger input is uploaded into a bucket instead. */
export const REQUEST_BODY_BYTES_MAX = 6 * 1024 ** 2
/** Bytes of a function's script and files together, as registered. */
export const PACKAGE_BYTES_MAX = 48 * 1024 ** 2
/** Bytes of one notification document. */
export const EVENT_BODY_BYTES_MAX = 1024 ** 2
/** What databases keep as the number of a release. */
const RELEASE_MAX = 2 ** 31 - 1
/** Seconds for which `wait` and `follow` may hold a request. */
export const WAIT_SECONDS_MAX = 900

const epochMs = (description: string) => Type.Number({ description: `${description}, epoch milliseconds` })
const backend = () => oneOf(BACKEND_NAMES, { description: 'name of a back-end' })
const state = () => oneOf(STATES, { description: 'state of an invocation' })
const cause = () => oneOf(CAUSE_NAMES, { description: 'why an attempt failed' })

export const PackagedFileSchema = Type.Object(
  {
    path: Type.String({ description: 'path below the service directory, with /' }),
    mode: Type.Integer({ description: 'permission bits, e.g. 493 for 0755', minimum: 0, maximum: 0o777 }),
    data: Type.String({ description: 'content, base64' }),
  },
  { additionalProperties: false },
)

export const FileFactsSchema = Type.Object({
  path: PackagedFileSchema.properties.path,
  mode: PackagedFileSchema.properties.mode,
  sha256: Type.String({ description: 'digest of the content, hexadecimal' }),
  bytes: Type.Integer({ description: 'size' }),
})

export const PutFunctionSchema = Type.Object(
  {
    spec: Type.Object({}, { additionalProperties: true, description: 'the function spec, see the function reference' }),
    files: Type.Array(PackagedFileSchema, { description: 'the script and the extra files', default: [] }),
    filesOf: Type.Optional(
      Type.Integer({
        description: 'in place of `files`: number of a release of the function whose files it has too',
        minimum: 1,
        maximum: RELEASE_MAX,
      }),
    ),
  },
  { additionalProperties: false },
)

export const FunctionRecordSchema = Type.Object({
  name: Type.String(),
  release: Type.Integer({ description: 'number of the current release' }),
  releasedAt: epochMs('when the release was registered'),
  spec: Type.Object({}, { additionalProperties: true, description: 'the spec in normal form' }),
  queued: Type.Integer({ description: 'invocations that wait' }),
  running: Type.Integer({ description: 'invocations that run' }),
  notes: Type.Array(Type.String(), { description: 'what its user should know, e.g. that the image is not used' }),
  warnings: Type.Optional(
    Type.Array(Type.String(), {
      description: 'what its user cannot have meant, e.g. a back-end that can never run it',
    }),
  ),
})

export const FunctionDetailsSchema = Type.Composite([
  FunctionRecordSchema,
  Type.Object({ files: Type.Array(FileFactsSchema, { description: 'the script and the extra files' }) }),
])

export const PutFunctionAnswerSchema = Type.Composite([
  FunctionRecordSchema,
  Type.Object({ created: Type.Boolean({ description: 'false: this very release was there already' }) }),
])

export const FunctionListSchema = Type.Object({ functions: Type.Array(FunctionRecordSchema) })

const ReasonSchema = Type.Object({
  code: Type.String({ description: 'stable word for programs' }),
  backend: Type.Optional(backend()),
  text: Type.String({ description: 'one sentence for people' }),
})

export const DecisionSchema = Type.Object({
  eligible: Type.Array(backend(), { description: 'preferred first; empty = it fits nowhere' }),
  spillAt: Type.Union([epochMs('from when a public back-end may take it'), Type.Null()]),
  reasons: Type.Array(ReasonSchema),
  terms: Type.Optional(DecisionTermsSchema),
})

const ObjectEventSchema = Type.Object({
  storage: Type.String(),
  bucket: Type.String(),
  key: Type.String(),
  size: Type.Number({ description: 'bytes' }),
  version: Type.Optional(Type.String()),
  etag: Type.Optional(Type.String()),
  sequencer: Type.Optional(Type.String()),
  time: Type.String({ description: 'ISO 8601' }),
})

export const InvocationInputSchema = Type.Union([
  Type.Object({ kind: Type.Literal('object'), event: ObjectEventSchema }),
  Type.Object({
    kind: Type.Literal('request'),
    size: Type.Integer({ description: 'bytes of the body' }),
    contentType: Type.String(),
    time: Type.String({ description: 'ISO 8601' }),
  }),
])

const MoveSchema = Type.Object({
  at: epochMs('when'),
  to: state(),
  why: Type.Optional(Type.String()),
})

const StageTimesSchema = Type.Object({
  stageInMs: Type.Number(),
  runMs: Type.Number(),
  stageOutMs: Type.Number(),
})

const AttemptRecordSchema = Type.Object({
  number: Type.Integer(),
  backend: backend(),
  worker: Type.String(),
  startedAt: epochMs('when a worker took it'),
  endedAt: Type.Optional(epochMs('when it ended')),
  cause: Type.Optional(cause()),
  message: Type.Optional(Type.String()),
  exitCode: Type.Optional(Type.Integer()),
  times: Type.Optional(StageTimesSchema),
  cost: Type.Optional(Type.Number({ description: 'USD; only where somebody is paid for it' })),
})

const PublishedOutputSchema = Type.Object({
  storage: Type.String(),
  bucket: Type.String(),
  key: Type.String(),
  size: Type.Number({ description: 'bytes' }),
})

const ResultSchema = Type.Object({
  encoding: oneOf(['utf8', 'base64'], { description: 'base64 where the output is not UTF-8' }),
  body: Type.String({ description: 'standard output of the script' }),
  truncated: Type.Optional(Type.Boolean()),
})

export const InvocationSummarySchema = Type.Object({
  id: Type.String(),
  function: Type.String(),
  release: Type.Integer(),
  state: state(),
  input: InvocationInputSchema,
  acceptedAt: epochMs('when it was recorded'),
  startedAt: Type.Optional(epochMs('when its newest attempt started')),
  endedAt: Type.Optional(epochMs('when it ended')),
  notBefore: Type.Optional(epochMs('when the next attempt may start')),
  attempts: Type.Integer({ description: 'attempts so far' }),
  cause: Type.Optional(cause()),
  message: Type.Optional(Type.String({ description: 'of the newest failed attempt' })),
})

export const InvocationRecordSchema = Type.Object({
  ...InvocationSummarySchema.properties,
  moves: Type.Array(MoveSchema),
  decision: DecisionSchema,
  tries: Type.Array(AttemptRecordSchema),
  outputs: Type.Array(PublishedOutputSchema),
  result: Type.Optional(ResultSchema),
})

export const InvocationListSchema = Type.Object({
  invocations: Type.Array(InvocationSummarySchema, { description: 'newest first' }),
  cursor: Type.Optional(Type.String({ description: 'give it back for the next page; absent on the last' })),
})

/** One for each piece of work that comes in: what it is made of, and its words, are in the record. */
const ShortDecisionSchema = Type.Object(
  {
    ...Type.Pick(DecisionSchema, ['eligible', 'spillAt']).properties,
    rule: Type.Optional(oneOf(RULES, { description: 'what decided `spillAt`' })),
    reasons: Type.Optional(Type.Array(ReasonSchema, { description: 'present where it fits nowhere' })),
  },
  { description: 'where it goes, in short; the record of the invocation has all of it, with its reasons' },
)

export const AcceptedSchema = Type.Object({
  id: Type.String(),
  state: state(),
  duplicate: Type.Boolean({ description: 'true: this very work had been accepted before' }),
  decision: ShortDecisionSchema,
})

export const ObjectsRequestSchema = Type.Object(
  {
    storage: Type.Optional(Type.String({ description: 'name of a storage; may be absent where there is only one' })),
    bucket: Type.String({ minLength: 1 }),
    prefix: Type.String({ description: 'what the keys start with; empty = the whole bucket', default: '' }),
  },
  { additionalProperties: false },
)

export const ObjectsAnswerSchema = Type.Object({
  accepted: Type.Array(
    Type.Object({ id: Type.String(), key: Type.String({ description: 'of the object' }), duplicate: Type.Boolean() }),
  ),
  passedOver: Type.Integer({ description: 'objects that no input of the function takes' }),
})

export const UploadRequestSchema = Type.Object(
  {
    name: Type.String({ description: 'name of the file, without a slash', minLength: 1, maxLength: 255 }),
    size: Type.Integer({ description: 'bytes', minimum: 0 }),
  },
  { additionalProperties: false },
)

const UploadGrantSchema = Type.Object({
  method: Type.Literal('PUT'),
  url: Type.String(),
  headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  ca: Type.Optional(Type.String({ description: 'certificate authority of the store, PEM' })),
  expiresAt: epochMs('until when it is good'),
  parts: Type.Optional(
    Type.Array(Type.Object({ url: Type.String(), size: Type.Integer({ description: 'bytes' }) }), {
      description: 'the pieces in which a large file goes, in this order, in place of url',
    }),
  ),
})

export const UploadAnswerSchema = Type.Object({
  place: Type.Object({ storage: Type.String(), bucket: Type.String(), key: Type.String() }),
  grant: Type.Optional(UploadGrantSchema),
  upload: Type.Optional(Type.String({ description: 'what completes the upload once the grant has been used' })),
})

export const CompleteUploadSchema = Type.Object(
  { upload: Type.String({ description: 'from the answer that began it', minLength: 1 }) },
  { additionalProperties: false },
)

export const EventsAnswerSchema = Type.Object({
  accepted: Type.Array(Type.String(), { description: 'ids of new invocations' }),
  duplicates: Type.Integer({ description: 'pieces of work that were known already' }),
  unmatched: Type.Integer({ description: 'objects that no function takes' }),
  quarantined: Type.Optional(Type.String({ description: 'why the notification was set aside' })),
})

export const RedriveAnswerSchema = Type.Object({
  redriven: Type.Integer({ description: 'how many were queued again' }),
})

export const DecisionRequestSchema = Type.Object(
  {
    function: Type.Optional(Type.String({ description: 'name of a registered function' })),
    size: Type.Optional(Type.Integer({ description: 'bytes of input; 0 when absent', minimum: 0 })),
    event: Type.Optional(ObjectEventSchema),
    invocation: Type.Optional(
      Type.String({ description: 'id of an invocation: the decision if it came up again now' }),
    ),
  },
  { additionalProperties: false },
)

const BreakerSchema = Type.Object({
  state: oneOf(['closed', 'open', 'half-open'], {
    description: 'closed: it gets work; open: none until `retryAt`; half-open: one attempt is trying it',
  }),
  faults: Type.Integer({ description: 'faults of the back-end in a row' }),
  retryAt: Type.Optional(epochMs('when it is tried again')),
  cause: Type.Optional(cause()),
})

export const BackendStatusSchema = Type.Object({
  name: backend(),
  public: Type.Boolean({ description: 'paid by use' }),
  healthy: Type.Boolean(),
  slots: Type.Integer({ description: 'attempts at once' }),
  workers: Type.Integer({ description: 'workers that are up' }),
  pending: Type.Optional(Type.Integer({ description: 'workers that are on their way up' })),
  calls: Type.Optional(Type.Integer({ description: 'calls to the API of the cluster since the dispatcher started' })),
  running: Type.Integer({ description: 'attempts that run' }),
  breaker: Type.Optional(BreakerSchema),
  notes: Type.Array(Type.String()),
  messages: Type.Optional(
    Type.Array(Type.String(), { description: 'what keeps it from taking more work now, in the words of who refuses' }),
  ),
})

export const StorageStatusSchema = Type.Object({
  name: Type.String(),
  type: oneOf(STORAGE_TYPES, { description: 'kind of storage' }),
  healthy: Type.Boolean({ description: 'false while work waits because of it' }),
  messages: Type.Optional(
    Type.Array(Type.String(), { description: 'what it refuses now, or that it does not answer' }),
  ),
})

export const StorageListSchema = Type.Object({ storages: Type.Array(StorageStatusSchema) })

export const BackendListSchema = Type.Object({ backends: Type.Array(BackendStatusSchema) })

export type FileFacts = Static<typeof FileFactsSchema>
export type PackagedFile = Static<typeof PackagedFileSchema>
export type PutFunction = Static<typeof PutFunctionSchema>
export type PutFunctionAnswer = Static<typeof PutFunctionAnswerSchema>
export type FunctionDetails = Static<typeof FunctionDetailsSchema>
export type FunctionRecord = Static<typeof FunctionRecordSchema>
export type InvocationInput = Static<typeof InvocationInputSchema>
export type InvocationSummary = Static<typeof InvocationSummarySchema>
export type InvocationRecord = Static<typeof InvocationRecordSchema>
export type InvocationList = Static<typeof InvocationListSchema>
export type AttemptRecord = Static<typeof AttemptRecordSchema>
export type Move = Static<typeof MoveSchema>
export type DecisionRequest = Static<typeof DecisionRequestSchema>
export type Accepted = Static<typeof AcceptedSchema>
export type ObjectsRequest = Static<typeof ObjectsRequestSchema>
export type ObjectsAnswer = Static<typeof ObjectsAnswerSchema>
export type UploadRequest = Static<typeof UploadRequestSchema>
export type UploadAnswer = Static<typeof UploadAnswerSchema>
export type EventsAnswer = Static<typeof EventsAnswerSchema>
export type BreakerStatus = Static<typeof BreakerSchema>
export type StorageStatus = Static<typeof StorageStatusSchema>
export type BackendStatus = Static<typeof BackendStatusSchema>
