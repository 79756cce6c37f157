/** One sandbox: started for its first event, frozen between events, gone when its runtime ends or takes too long. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Engine, LambdaFunction, SandboxProcess } from './engine.js'
import { SandboxApi, type SandboxAnswer } from './sandbox-api.js'

/** What became of an event. */
export interface Execution {
  payload: Buffer
  /** `Unhandled`, for any failure. */
  functionError?: 'Unhandled'
  log: string
  durationMs: number
  initMs?: number
  maxMemoryUsed: number
}

export interface SandboxRequest {
  requestId: string
  arn: string
  payload: Buffer
}

type Ended = Awaited<SandboxProcess['ended']>

export interface SandboxStart {
  engine: Engine
  environment: Record<string, string>
  /** Milliseconds that a start may take. */
  initLimitMs: number
}

export class Sandbox {
  readonly #function: LambdaFunction
  readonly #start: SandboxStart
  #api!: SandboxApi
  #process!: SandboxProcess
  #startedMs = 0
  #log = ''
  #isCold = true
  isDead = false

  private constructor(of: LambdaFunction, start: SandboxStart) {
    this.#function = of
    this.#start = start
  }

  static async start(of: LambdaFunction, start: SandboxStart): Promise<Sandbox> {
    const sandbox = new Sandbox(of, start)
    await sandbox.#boot()
    return sandbox
  }

  async #boot(): Promise<void> {
    const { engine, environment } = this.#start
    this.#api = await SandboxApi.open(engine.host)
    this.#startedMs = performance.now()
    this.#process = await engine.start({
      function: this.#function,
      environment: { ...environment, AWS_LAMBDA_RUNTIME_API: this.#api.address },
      onOutput: (text) => (this.#log += text),
    })
  }

  async execute(request: SandboxRequest): Promise<Execution> {
    const { requestId, arn, payload } = request
    const init = this.#isCold ? await this.#init() : undefined
    if (init?.failure) return this.#executionOf(requestId, init.failure, 0, init.initMs)
    await this.#process.thaw()
    const startedMs = performance.now()
    const timeoutMs = this.#function.timeout * 1000
    const event = { requestId, arn, payload, deadlineMs: Date.now() + timeoutMs }
    const late = new AbortController()
    const timeUp = delay(timeoutMs, 'timeout' as const, { signal: late.signal, ref: false }).catch(
      () => 'timeout' as const,
    )
    if (init?.isTooSlow) await this.#bootAgain()
    const { api, end } = await this.#whenReady(timeUp)
    const answer = end ?? (await Promise.race([api.deliver(event), this.#process.ended, timeUp]))
    // The sandbox is busy until its runtime asks for the next event.
    const after = isAnswer(answer) ? await Promise.race([this.#api.ready(), this.#process.ended, timeUp]) : answer
    late.abort()
    const durationMs = performance.now() - startedMs
    if (after === undefined) await this.#process.freeze()
    else await this.kill()
    const failure = isAnswer(answer) ? answer : this.#failureOf(requestId, answer)
    return this.#executionOf(requestId, failure, durationMs, init?.initMs)
  }

  async kill(): Promise<void> {
    this.isDead = true
    await this.#process.thaw().catch(() => undefined)
    await this.#process.kill()
    this.#api.close()
  }

  /**
   * A start that takes too long is broken off and made again as a part of the invocation, in its time:
   * https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
   */
  async #init(): Promise<{ initMs: number; failure?: SandboxAnswer; isTooSlow?: boolean }> {
    this.#isCold = false
    const over = new AbortController()
    const tooSlow = delay(this.#start.initLimitMs, 'too slow' as const, { signal: over.signal, ref: false }).catch(
      () => 'too slow' as const,
    )
    const end = await Promise.race([this.#api.ready(), this.#process.ended, tooSlow])
    over.abort()
    const initMs = performance.now() - this.#startedMs
    if (!end) return { initMs }
    if (end === 'too slow') {
      this.#log += `INIT_REPORT Init Duration: ${initMs.toFixed(2)} ms\tPhase: init\tStatus: timeout\n`
      return { initMs, isTooSlow: true }
    }
    await this.kill()
    const { initError } = this.#api
    if (initError) return { initMs, failure: { kind: 'error', body: initError } }
    return { initMs, failure: this.#failureOf('init', end) }
  }

  async #bootAgain(): Promise<void> {
    await this.#process.kill()
    this.#api.close()
    await this.#boot()
  }

  /** `end`: why it never is. */
  async #whenReady(timeUp: Promise<'timeout'>): Promise<{ api: SandboxApi; end: Ended | 'timeout' | undefined }> {
    const end = await Promise.race([this.#api.ready(), this.#process.ended, timeUp])
    return { api: this.#api, end: end ?? undefined }
  }

  /** Lambda's own words. */
  #failureOf(requestId: string, end: Ended | 'timeout'): SandboxAnswer {
    const [errorType, words] =
      end === 'timeout'
        ? ['Sandbox.Timedout', `Task timed out after ${this.#function.timeout.toFixed(2)} seconds`]
        : ['Runtime.ExitError', `Runtime exited ${howOf(end)}`]
    const body = JSON.stringify({ errorType, errorMessage: `RequestId: ${requestId} Error: ${words}` })
    return { kind: 'error', body: Buffer.from(body), errorType }
  }

  #executionOf(requestId: string, answer: SandboxAnswer, durationMs: number, initMs?: number): Execution {
    const printed = this.#log
    this.#log = ''
    const maxMemoryUsed = this.#process.peakMegabytes()
    const report = reportLine({ requestId, memorySize: this.#function.memorySize, durationMs, initMs, maxMemoryUsed })
    return {
      payload: answer.body,
      ...(answer.kind === 'error' ? { functionError: 'Unhandled' as const } : {}),
      log: `START RequestId: ${requestId} Version: $LATEST\n${printed}END RequestId: ${requestId}\n${report}`,
      durationMs,
      ...(initMs === undefined ? {} : { initMs }),
      maxMemoryUsed,
    }
  }
}

const isAnswer = (end: SandboxAnswer | Ended | 'timeout'): end is SandboxAnswer =>
  typeof end === 'object' && 'kind' in end

const howOf = ({ code, signal }: Ended) =>
  signal
    ? `with error: signal: ${signal === 'SIGKILL' ? 'killed' : signal}`
    : code === 0
      ? 'without providing a reason'
      : `with error: exit status ${code}`

interface ReportFacts {
  requestId: string
  memorySize: number
  durationMs: number
  initMs: number | undefined
  maxMemoryUsed: number
}

function reportLine({ requestId, memorySize, durationMs, initMs, maxMemoryUsed }: ReportFacts): string {
  const parts = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${durationMs.toFixed(2)} ms`,
    `Billed Duration: ${Math.ceil(durationMs + (initMs ?? 0))} ms`,
    `Memory Size: ${memorySize} MB`,
    `Max Memory Used: ${maxMemoryUsed} MB`,
    ...(initMs === undefined ? [] : [`Init Duration: ${initMs.toFixed(2)} ms`]),
  ]
  return `${parts.join('\t')}\t\n`
}
