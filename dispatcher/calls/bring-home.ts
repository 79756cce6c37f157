/**
 * Brings home what an attempt made on a back-end that is called: stages its results where they will be published, then
 * settles it. The work is done and paid for, so nothing that may pass throws it away: it is waited for.
 */
import { addAbortSignal, type Readable } from 'node:stream'
import { asError, mayPass, SpillwayError } from '../../runtime/contract/errors.js'
import { outputsFor } from '../../runtime/contract/filters.js'
import type { OutputRule } from '../../runtime/contract/function-spec.js'
import { inTurn } from '../../runtime/contract/in-turn.js'
import { failed, type Cause, type Succeeded } from '../../runtime/contract/outcome.js'
import type { Release } from '../../runtime/contract/release.js'
import type { StagedResult } from '../backends/call-backend.js'
import type { Database, Held, RunningAttempt, StagedOutput } from '../database/database.js'
import type { EndExtras, Settle } from '../outcomes/settle.js'
import { GROWING, untilDone } from '../until-done.js'
import type { OutputGrants } from '../workers/output-grants.js'

/** Results of one attempt. */
const RESULTS_AT_ONCE = 4

export interface BringHomeContext {
  database: Pick<Database, 'runningAttempt'>
  outputs: Pick<OutputGrants, 'fill' | 'keep'>
  settle: Pick<Settle, 'succeed' | 'fail'>
  release(name: string, number: number): Promise<Release>
  /** Of a storage: it and the staging place are both AWS's, so that one can copy from the other. */
  isAwsS3(storage: string): boolean
  /** Aborts when the dispatcher closes. */
  signal: AbortSignal
  /** Rejects when the dispatcher closes. */
  pause(milliseconds: number): Promise<void>
  /** Told once of each attempt that has to wait. */
  onWaiting(attempt: RunningAttempt, why: string): void
}

export interface Luggage extends EndExtras {
  outcome: Succeeded
  /** What lies in the staging place. */
  results(): AsyncIterable<StagedResult>
}

export class BringHome {
  readonly #context: BringHomeContext

  constructor(context: BringHomeContext) {
    this.#context = context
  }

  /** Resolves when the attempt is settled, or not wanted any more (`fenced`); rejects when the dispatcher closes. */
  async bring(attempt: RunningAttempt, { outcome, results, ...extras }: Luggage): Promise<Held> {
    const { settle } = this.#context
    const patiently = this.#patience(attempt)
    try {
      await this.#stage(attempt, results, patiently)
      return await patiently(() => settle.succeed(attempt, outcome, extras))
    } catch (thrown) {
      if (isFenced(thrown)) return 'fenced'
      const cause = finalCause(thrown)
      if (!cause) throw thrown
      const failure = failed({ cause, message: asError(thrown).message })
      return patiently(() => settle.fail(attempt, failure, extras))
    }
  }

  async #stage(attempt: RunningAttempt, results: Luggage['results'], patiently: Patiently): Promise<void> {
    const { outputs, release } = this.#context
    const { spec } = await patiently(() => release(attempt.function, attempt.release))
    const staged = new Map<string, StagedOutput[]>()
    await inTurn(await patiently(() => collect(results())), RESULTS_AT_ONCE, async (result) => {
      const places: StagedOutput[] = []
      for (const rule of outputsFor(spec.output, result.name))
        places.push(await patiently(() => this.#fill(attempt, rule, result)))
      staged.set(result.name, places)
    })
    await patiently(() => outputs.keep(attempt, staged))
  }

  #fill(attempt: RunningAttempt, rule: OutputRule, result: StagedResult): Promise<StagedOutput> {
    const { isAwsS3, outputs, signal } = this.#context
    const { name, size, bucket, key } = result
    const open = async (): Promise<Readable> => addAbortSignal(signal, await result.open())
    const from = isAwsS3(rule.storage) ? { from: { bucket, key } } : {}
    return outputs.fill(attempt, { rule, result: { name, size, open, ...from } })
  }

  /** Does something until it works, it cannot work, or nobody wants the attempt any more. */
  #patience(attempt: RunningAttempt): Patiently {
    const { pause, onWaiting } = this.#context
    let hasWaited = false
    const onFault = (thrown: unknown) => {
      if (!hasWaited) onWaiting(attempt, asError(thrown).message)
      hasWaited = true
    }
    const isFinal = (thrown: unknown) => finalCause(thrown) !== undefined
    return (work) =>
      untilDone(
        async () => {
          if (hasWaited) await this.#mustBeWanted(attempt)
          return work()
        },
        { isFinal, pauses: GROWING, pause, onFault },
      )
  }

  async #mustBeWanted(attempt: RunningAttempt): Promise<void> {
    if (await this.#context.database.runningAttempt(attempt)) return
    throw new SpillwayError('attempt-fenced', 'the attempt is not wanted any more')
  }
}

type Patiently = <T>(work: () => Promise<T>) => Promise<T>

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const isFenced = (thrown: unknown) => thrown instanceof SpillwayError && thrown.code === 'attempt-fenced'

/** Of the network, or of a transfer that was broken off; what storages refuse has been put into our words before. */
const MAY_PASS = /^(E[A-Z_]+|ABORT_ERR|ERR_STREAM_PREMATURE_CLOSE)$/

/** The cause of a fault that another try will not cure; undefined = try again. */
function finalCause(thrown: unknown): Cause | undefined {
  if (thrown instanceof SpillwayError) return mayPass(thrown) ? undefined : 'output-refused'
  const { code, name } = Object(thrown) as { code?: unknown; name?: unknown }
  return MAY_PASS.test(String(code)) || name === 'TimeoutError' ? undefined : 'internal'
}
