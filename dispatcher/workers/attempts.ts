/** What a worker may do with the attempt it holds: beat, log, ask for output grants, report, give back. */
import { timeLimitOn } from '../../runtime/contract/function-spec.js'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { parseAttemptId } from '../../runtime/contract/invocation.js'
import { failed, type Outcome } from '../../runtime/contract/outcome.js'
import type {
  HeartbeatAnswer,
  LogLine,
  OutputsAnswer,
  OutputsRequest,
  WorkerClaims,
} from '../../runtime/contract/runtime-api.js'
import type { Release } from '../../runtime/contract/release.js'
import type { AttemptRef, Database, RunningAttempt } from '../database/database.js'
import type { Outages } from '../outages.js'
import type { EndExtras, Settle } from '../outcomes/settle.js'
import type { Logs } from './log-book.js'
import type { OutputGrants } from './output-grants.js'

export interface AttemptsContext {
  database: Database
  settle: Settle
  outputs: OutputGrants
  outages: Pick<Outages, 'confirms'>
  logs: Logs
  release(name: string, number: number): Promise<Release>
  leaseMs: number
  now(): number
}

/** How an attempt ended, as its worker says. */
export interface Report extends Pick<EndExtras, 'onAsked'> {
  /** Of the attempt. */
  id: string
  claims: WorkerClaims
  outcome: Outcome
}

export class Attempts {
  readonly #context: AttemptsContext

  constructor(context: AttemptsContext) {
    this.#context = context
  }

  async heartbeat(id: string, claims: WorkerClaims): Promise<HeartbeatAnswer> {
    const ref = parse(id)
    const attempt = await this.#context.database.runningAttempt(ref)
    if (!attempt) return this.#cancelledOrFenced(ref)
    mustOwn(attempt, claims)
    const { database, leaseMs, now } = this.#context
    if ((await database.renewLease(ref, now() + leaseMs)) === 'fenced') throw fenced(id)
    const { spec } = await this.#context.release(attempt.function, attempt.release)
    return { cancel: false, deadlineMs: attempt.startedAt + timeLimitOn(spec, attempt.backend) * 1000 }
  }

  async log(id: string, claims: WorkerClaims, lines: readonly LogLine[]): Promise<void> {
    const ref = parse(id)
    mustOwnFunction(await this.#context.database.getInvocation(ref.invocation), claims, id)
    await this.#context.logs.append(ref.invocation, ref.attempt, lines)
  }

  async grantOutputs(id: string, claims: WorkerClaims, request: OutputsRequest): Promise<OutputsAnswer> {
    const attempt = await this.held(id, claims)
    const { spec } = await this.#context.release(attempt.function, attempt.release)
    return this.#context.outputs.grant(attempt, { rules: spec.output, request, claims, now: this.#context.now() })
  }

  async settle({ id, claims, outcome: reported, ...extras }: Report): Promise<void> {
    const attempt = await this.#reported(id, claims)
    const outcome = await this.#believed(attempt, reported)
    const { settle } = this.#context
    const held = await (outcome.outcome === 'succeeded'
      ? settle.succeed(attempt, outcome, extras)
      : settle.fail(attempt, outcome, extras))
    if (held === 'fenced') throw fenced(id)
  }

  async giveBack(id: string, claims: WorkerClaims): Promise<void> {
    const message = 'the worker was asked to stop and gave the attempt back'
    await this.settle({ id, claims, outcome: failed({ cause: 'evicted', message }) })
  }

  async body(id: string, claims: WorkerClaims): Promise<Buffer> {
    const attempt = await this.held(id, claims)
    return (await this.#context.database.getBody(attempt.invocation)) ?? Buffer.alloc(0)
  }

  /** The attempt, if that worker holds it; otherwise it throws. */
  async held(id: string, claims: WorkerClaims): Promise<RunningAttempt> {
    return mustHold(await this.#context.database.runningAttempt(parse(id)), id, claims)
  }

  /** As `held`; a worker that reports an attempt which was cancelled or lost stages nothing more: that is thrown away. */
  async #reported(id: string, claims: WorkerClaims): Promise<RunningAttempt> {
    const ref = parse(id)
    const attempt = await this.#context.database.runningAttempt(ref)
    if (!attempt) await this.#context.settle.abandon(ref)
    return mustHold(attempt, id, claims)
  }

  /** An input that its storage still has is not missing, whatever the worker was told there. */
  async #believed({ input }: RunningAttempt, outcome: Outcome): Promise<Outcome> {
    if (outcome.outcome !== 'failed' || outcome.cause !== 'input-missing' || input.kind !== 'object') return outcome
    return (await this.#context.outages.confirms(input.event)) ? outcome : { ...outcome, cause: 'internal' }
  }

  /** A cancelled attempt is told to stop; any other that is not the newest is fenced. */
  async #cancelledOrFenced(ref: AttemptRef): Promise<HeartbeatAnswer> {
    const record = await this.#context.database.getInvocation(ref.invocation)
    if (record?.state === 'cancelled' && record.attempts === ref.attempt) return { cancel: true, deadlineMs: 0 }
    throw fenced(`${ref.invocation}.${ref.attempt}`)
  }
}

function parse(id: string): AttemptRef {
  const parsed = parseAttemptId(id)
  if (!parsed)
    throw new SpillwayError('invalid-request', `An attempt's id is <invocation>.<number>, got ${JSON.stringify(id)}.`)
  return { invocation: parsed.invocation, attempt: parsed.number }
}

function mustHold(attempt: RunningAttempt | undefined, id: string, claims: WorkerClaims): RunningAttempt {
  if (!attempt) throw fenced(id)
  mustOwn(attempt, claims)
  return attempt
}

function mustOwn(attempt: RunningAttempt, claims: WorkerClaims): void {
  if (attempt.worker !== claims.worker)
    throw new SpillwayError(
      'token-forbidden',
      `Attempt ${attempt.invocation}.${attempt.attempt} is with another worker than ${claims.worker}.`,
    )
}

function mustOwnFunction(record: { function: string } | undefined, claims: WorkerClaims, id: string): void {
  if (record?.function !== claims.function)
    throw new SpillwayError(
      'token-forbidden',
      `Attempt ${id} is not of function ${claims.function}, which this token is for.`,
    )
}

const fenced = (id: string) =>
  new SpillwayError(
    'attempt-fenced',
    `Attempt ${id} is not the newest running one of its invocation; its results are not taken.`,
  )
