/** The Lambda back-end: each attempt is one call of the function, and what comes of it lies in the staging bucket. */
import { asError } from '../../../runtime/contract/errors.js'
import { specFor, type FunctionSpec } from '../../../runtime/contract/function-spec.js'
import { failed, type Failed, type Outcome } from '../../../runtime/contract/outcome.js'
import type { Release } from '../../../runtime/contract/release.js'
import { formatSeconds } from '../../../runtime/contract/units.js'
import type { AttemptCall, CallBackend, CalledAttempt, CallHost, StagedResult } from '../call-backend.js'
import { LAMBDA_BACKEND_LIMITS, lambdaMisfits } from './limits.js'
import type { Aws } from './run/aws.js'
import { Concurrency } from './run/concurrency.js'
import {
  resumeAttempt,
  runAttempt,
  WAITS,
  windUpAttempt,
  type AttemptEnd,
  type AttemptRun,
  type AttemptWaits,
} from './run/run-attempt.js'
import { StagedAttempt } from './run/staged-attempt.js'

export interface LambdaBackendConfig {
  /** Undefined: that of the environment. */
  region?: string
  stagingBucket: string
  /** Most attempts at once; undefined: what the account allows. */
  concurrency?: number
  heartbeatSeconds: number
  waits?: AttemptWaits
  now(): number
}

/** Milliseconds for which the account's limit is believed. */
const ACCOUNT_MS = 600_000

interface Called {
  call: CalledAttempt
  /** Ends when the attempt has been told of. */
  ended: Promise<void>
  isCancelled: boolean
}

export class LambdaBackend implements CallBackend {
  readonly limits = LAMBDA_BACKEND_LIMITS
  readonly #config: LambdaBackendConfig
  readonly #host: CallHost
  readonly #connect: () => Promise<Aws>
  readonly #concurrency: Concurrency
  /** Until they are forgotten. */
  readonly #called = new Map<string, Called>()
  readonly #closing = new AbortController()
  readonly #heartbeat: NodeJS.Timeout
  #aws: Promise<Aws> | undefined
  #askedAccountMs = -Infinity
  #isReady = false
  #trouble: string | undefined

  /** `connect` is called when the first attempt is due. */
  constructor(config: LambdaBackendConfig, connect: () => Promise<Aws>, host: CallHost) {
    this.#config = config
    this.#connect = connect
    this.#host = host
    this.#concurrency = new Concurrency(config.concurrency, config.now)
    this.#heartbeat = setInterval(() => this.#renew(), config.heartbeatSeconds * 1000).unref()
  }

  check(spec: FunctionSpec): { refusal?: string; notes: string[] } {
    const [misfit] = lambdaMisfits(spec)
    if (misfit !== undefined) return { refusal: misfit, notes: [] }
    const { timeout, isolation } = specFor(spec, 'lambda')
    const { timeoutMax = Infinity } = this.limits
    return {
      notes: [
        ...(timeout > timeoutMax
          ? [`lambda: only work that is expected to end within ${formatSeconds(timeoutMax)} runs there`]
          : []),
        ...(isolation === 'fresh'
          ? ['lambda: sandboxes are used again; after each attempt its processes are ended and /tmp is emptied']
          : []),
      ],
    }
  }

  /** Not known until the account has been asked what it allows. */
  room({ function: name }: Pick<Release, 'function'>): number | undefined {
    if (this.#config.now() - this.#askedAccountMs > ACCOUNT_MS) void this.#askAccount()
    if (this.#closing.signal.aborted) return 0
    return this.#isReady ? this.#concurrency.roomFor(name) : undefined
  }

  start(call: AttemptCall): void {
    this.#take(call, runAttempt)
  }

  resume(call: AttemptCall): void {
    this.#take(call, resumeAttempt)
  }

  /** Lambda cannot stop what it has begun: the supervisor is asked to. */
  cancel(attempt: string): void {
    const called = this.#called.get(attempt)
    if (!called || called.isCancelled) return
    called.isCancelled = true
    this.#staged(called.call)
      .then((staged) => staged.cancel())
      .catch((thrown: unknown) => this.#note(attempt, thrown))
  }

  windUp(attempt: CalledAttempt): void {
    this.#take(attempt, windUpAttempt)
    this.cancel(attempt.id)
  }

  async *results(attempt: string): AsyncGenerator<StagedResult> {
    const called = this.#called.get(attempt)
    if (called) yield* (await this.#staged(called.call)).results()
  }

  async forget(attempt: string): Promise<void> {
    const called = this.#called.get(attempt)
    if (!called) return
    this.#called.delete(attempt)
    await (await this.#staged(called.call)).remove()
  }

  status() {
    const { limit, running } = this.#concurrency
    const { region, stagingBucket } = this.#config
    return {
      name: 'lambda' as const,
      public: true,
      healthy: this.#trouble === undefined,
      slots: Number.isFinite(limit) ? limit : running,
      workers: 0,
      notes: [`region ${region ?? 'of the environment'}, staging bucket ${stagingBucket}`],
      ...(this.#trouble === undefined ? {} : { messages: [this.#trouble] }),
    }
  }

  /** What runs goes on: the next life of the dispatcher finds its outcome. */
  async close(): Promise<void> {
    this.#closing.abort()
    clearInterval(this.#heartbeat)
    await Promise.all([...this.#called.values()].map(({ ended }) => ended))
    const aws = await this.#aws?.catch(() => undefined)
    aws?.lambda.close()
    aws?.staging.close()
  }

  #take<Call extends CalledAttempt>(call: Call, carryOut: (run: AttemptRun<Call>) => Promise<AttemptEnd>): void {
    const { function: name } = call.release
    const called: Called = { call, isCancelled: false, ended: Promise.resolve() }
    this.#called.set(call.id, called)
    this.#concurrency.enter(name)
    called.ended = this.#runOf(call, () => called.isCancelled)
      .then(carryOut)
      .catch((thrown: unknown) => this.#failure(thrown))
      .finally(() => this.#concurrency.leave(name))
      .then((end) => this.#tell(called, end))
  }

  async #runOf<Call extends CalledAttempt>(call: Call, isCancelled: () => boolean): Promise<AttemptRun<Call>> {
    const { heartbeatSeconds, waits = WAITS, now } = this.#config
    const aws = await this.#connected()
    const { signal } = this.#closing
    return { call, aws, concurrency: this.#concurrency, waits, heartbeatSeconds, signal, isCancelled, now }
  }

  /** Undefined when the dispatcher closes: then nothing has ended. */
  #failure(thrown: unknown): AttemptEnd | undefined {
    if (this.#closing.signal.aborted) return undefined
    const message = `AWS cannot be reached: ${asError(thrown).message}`
    return { outcome: failed({ cause: 'backend-unavailable', message }), log: [] }
  }

  /** What was used without anybody knowing how much is left as it is, for `windUp`. */
  #tell({ call }: Called, end: AttemptEnd | undefined): void {
    if (!end) return
    const { outcome, usage, log } = end
    this.#trouble = isTrouble(outcome) ? outcome.message : undefined
    if (log.length > 0) this.#host.onLog(call.id, log)
    if (usage === undefined) this.#called.delete(call.id)
    this.#host.onOutcome(call.id, outcome, usage)
  }

  #renew(): void {
    for (const [id, { isCancelled }] of this.#called) if (!isCancelled) this.#host.onAlive(id)
  }

  async #staged(call: CalledAttempt): Promise<StagedAttempt> {
    return new StagedAttempt((await this.#connected()).staging, call)
  }

  /** A connection that could not be opened is tried again by the next who asks. */
  #connected(): Promise<Aws> {
    this.#aws ??= this.#connect().catch((error: unknown) => {
      this.#aws = undefined
      throw error
    })
    return this.#aws
  }

  /** An account that does not tell has no limit but what Lambda refuses. */
  async #askAccount(): Promise<void> {
    this.#askedAccountMs = this.#config.now()
    try {
      const { lambda } = await this.#connected()
      this.#concurrency.account = await lambda.accountConcurrency()
    } catch (thrown) {
      this.#host.log('warn', `the concurrency of the AWS account is not known: ${asError(thrown).message}`)
    }
    const isNew = !this.#isReady
    this.#isReady = true
    if (isNew) this.#host.onRoom()
  }

  #note(attempt: string, thrown: unknown): void {
    this.#host.log('warn', `attempt ${attempt} on Lambda: ${asError(thrown).message}`)
  }
}

/** Of the back-end, not of one function there. */
const isTrouble = (outcome: Outcome): outcome is Failed =>
  outcome.outcome === 'failed' && !outcome.ofFunction && ['backend-unavailable', 'throttled'].includes(outcome.cause)
