/** Rows of the tables, and the types of the contract that they become. */
import type {
  AttemptRecord,
  InvocationInput,
  InvocationRecord,
  InvocationSummary,
  Move,
} from '../../../runtime/contract/dispatcher-api.js'
import type { BackendName, FunctionSpec } from '../../../runtime/contract/function-spec.js'
import type { State } from '../../../runtime/contract/invocation.js'
import type { Cause, PublishedOutput, ResultBody, StageTimes } from '../../../runtime/contract/outcome.js'
import type { Release } from '../../../runtime/contract/release.js'
import type { Publishing, RunningAttempt } from '../database.js'
import { readDecision } from './decisions.js'

export interface ReleaseRow {
  function: string
  number: number
  spec: string
  package_digest: string
  created_at: number
}

export interface SummaryRow {
  seq: number
  id: string
  function: string
  release: number
  state: State
  input: string
  accepted_at: number
  started_at: number | null
  ended_at: number | null
  not_before: number
  attempts: number
  cause: Cause | null
  message: string | null
}

/** An invocation beside one of its attempts, or beside nulls when it had none. */
export interface RecordRow extends SummaryRow {
  moves: string
  decision: string
  outputs: string | null
  result: string | null
  number: number | null
  backend: BackendName
  worker: string
  attempt_started_at: number
  attempt_ended_at: number | null
  attempt_cause: Cause | null
  attempt_message: string | null
  exit_code: number | null
  times: string | null
  cost: number | null
}

interface AttemptRow extends RecordRow {
  number: number
}

export interface RunningRow {
  invocation: string
  number: number
  function: string
  release: number
  backend: BackendName
  worker: string
  started_at: number
  lease_until: number
  faults: number
  losses: number
  input: string
  publishing: string | null
}

export const SUMMARY_COLUMNS = [
  'seq',
  'id',
  'function',
  'release',
  'state',
  'input',
  'accepted_at',
  'started_at',
  'ended_at',
  'not_before',
  'attempts',
  'cause',
  'message',
] as const satisfies readonly (keyof SummaryRow)[]

/** The moves, which are never none, and what `move` gives. */
const WITH_MOVE = `substr(moves, 1, length(moves) - 1) || ',' || ? || ']'`

export const ADD_MOVE = `moves = ${WITH_MOVE}`

/** Adds that it waits, unless it says so already; takes what `waits` gives. */
export const SAY_WHY = `moves = CASE WHEN substr(moves, length(moves) - length(CAST(? AS text)) + 1) = CAST(? AS text)
    THEN moves ELSE ${WITH_MOVE} END`

/** However often it is said, it is among the moves once. */
export function waits(now: number, because: string): [string, string, string] {
  const why = printable(because)
  const end = `"to":"queued","why":${JSON.stringify(why)}}]`
  return [end, end, move(now, 'queued', why)]
}

export const release = (row: ReleaseRow): Release => ({
  function: row.function,
  number: row.number,
  spec: parse<FunctionSpec>(row.spec),
  packageDigest: row.package_digest,
  createdAt: row.created_at,
})

export const summary = (row: SummaryRow): InvocationSummary =>
  present({
    id: row.id,
    function: row.function,
    release: row.release,
    state: row.state,
    input: parse<InvocationInput>(row.input),
    acceptedAt: row.accepted_at,
    startedAt: row.started_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
    notBefore: row.not_before === 0 ? undefined : row.not_before,
    attempts: row.attempts,
    cause: row.cause ?? undefined,
    message: row.message ?? undefined,
  })

/** At least one row; of one invocation, in the order of its attempts. */
export function record(rows: RecordRow[]): InvocationRecord {
  const row = rows[0]!
  return present({
    ...summary(row),
    moves: parse<Move[]>(row.moves),
    decision: readDecision(row.decision),
    tries: rows.filter(hasAttempt).map(attempt),
    outputs: parseIfAny<PublishedOutput[]>(row.outputs) ?? [],
    result: parseIfAny<ResultBody>(row.result),
  })
}

const hasAttempt = (row: RecordRow): row is AttemptRow => row.number !== null

const attempt = (row: AttemptRow): AttemptRecord =>
  present({
    number: row.number,
    backend: row.backend,
    worker: row.worker,
    startedAt: row.attempt_started_at,
    endedAt: row.attempt_ended_at ?? undefined,
    cause: row.attempt_cause ?? undefined,
    message: row.attempt_message ?? undefined,
    exitCode: row.exit_code ?? undefined,
    times: parseIfAny<StageTimes>(row.times),
    cost: row.cost ?? undefined,
  })

export const running = (row: RunningRow): RunningAttempt =>
  present({
    invocation: row.invocation,
    attempt: row.number,
    function: row.function,
    release: row.release,
    backend: row.backend,
    worker: row.worker,
    startedAt: row.started_at,
    leaseUntil: row.lease_until,
    faults: row.faults,
    losses: row.losses,
    input: parse<InvocationInput>(row.input),
    publishing: parseIfAny<Publishing>(row.publishing),
  })

/** Text for people as every database can give it back: libsql reads up to the first NUL, PostgreSQL takes none. */
export const printable = (text: string): string => text.replaceAll('\0', '\u{fffd}')

export const move = (at: number, to: State, why?: string): string => JSON.stringify({ at, to, why } satisfies Move)

const parse = <T>(json: string): T => JSON.parse(json) as T

const parseIfAny = <T>(json: string | null): T | undefined => (json === null ? undefined : parse<T>(json))

/** Without the keys that have no value. */
function present<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T
}
