/** What is recorded of work that comes in. */
import { createHash } from 'node:crypto'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { State } from '../../../runtime/contract/invocation.js'
import type { NewInvocation } from '../database.js'
import { laneOf } from '../lanes.js'
import { keepDecision } from './decisions.js'
import { printable } from './rows.js'

/** The columns of a new invocation, and their values below, in one order. */
export const ARRIVAL_COLUMNS = `id, function, release, state, identity, body_digest, accepted_at, input, decision,
  eligible, spill_at, moves, ended_at, cause, message`

export const arrival = (work: NewInvocation) =>
  [
    work.id,
    work.function,
    work.release,
    firstState(work),
    work.identity,
    bodyDigest(work),
    work.now,
    JSON.stringify(work.input),
    keepDecision(work.decision),
    laneOf(work.decision),
    work.decision.spillAt,
    firstMoves(work),
    work.refusal ? work.now : null,
    work.refusal?.cause ?? null,
    work.refusal ? printable(work.refusal.message) : null,
  ] as const

export const firstState = ({ refusal }: NewInvocation): State => (refusal ? 'failed' : 'queued')

/** Only what can come twice is compared. */
export const bodyDigest = ({ body, identity }: NewInvocation): string | null =>
  body && identity !== null ? createHash('sha256').update(body).digest('hex') : null

export const noSuchRelease = ({ function: name, release }: Pick<NewInvocation, 'function' | 'release'>) =>
  new SpillwayError(
    'function-not-found',
    `There is no release ${release} of a function ${name}, or the function was removed. Register it, then send this again.`,
  )

const firstMoves = ({ now, refusal }: NewInvocation): string =>
  JSON.stringify([
    { at: now, to: 'accepted' },
    { at: now, to: 'queued' },
    ...(refusal ? [{ at: now, to: 'failed', why: refusal.message }] : []),
  ])
