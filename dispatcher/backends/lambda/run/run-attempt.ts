/**
 * One attempt on Lambda, from the staging of its input to its outcome. What counts is the outcome in the staging bucket;
 * the answer of the call only says when to look, and why there is none.
 */
import { asError, isGone, SpillwayError } from '../../../../runtime/contract/errors.js'
import { timeoutOn } from '../../../../runtime/contract/function-spec.js'
import { lambdaTimeout } from '../../../../runtime/contract/lambda-function.js'
import type { LambdaCall, OutcomeDocument } from '../../../../runtime/contract/lambda-call.js'
import { failed, type Failed, type Outcome } from '../../../../runtime/contract/outcome.js'
import type { LogLine } from '../../../../runtime/contract/runtime-api.js'
import type { AttemptCall, CalledAttempt, Usage } from '../../call-backend.js'
import type { Aws, InvocationAnswer } from './aws.js'
import type { Concurrency } from './concurrency.js'
import { readFunctionError } from './function-error.js'
import { Patience, type Waits } from './patience.js'
import { readRefusal, type Refusal } from './refusal.js'
import { printedLines } from './report-line.js'
import { StagedAttempt } from './staged-attempt.js'
import { usageOf } from './usage.js'

export interface AttemptEnd {
  outcome: Outcome
  /** See `CallHost.onOutcome`. */
  usage?: Usage | 'none'
  log: LogLine[]
}

export interface AttemptRun<Call extends CalledAttempt = CalledAttempt> {
  call: Call
  aws: Aws
  concurrency: Concurrency
  waits: AttemptWaits
  heartbeatSeconds: number
  /** The dispatcher closes; the attempt goes on without it. */
  signal: AbortSignal
  /** Nobody wants it any more: it is not called for again. */
  isCancelled(): boolean
  now(): number
}

/** How long what is waited for, in milliseconds. */
export interface AttemptWaits {
  /** Too many at once, or AWS in trouble: then another back-end may do. */
  refused: Waits
  /** The function is being made ready, which for a large image takes its time. */
  notReady: Waits
  /** A call of which nothing is known: whether it has begun. */
  begun: Waits
  /** The staging bucket. */
  staging: Waits
  /** Between two looks for the outcome of what runs without a call. */
  outcome: Omit<Waits, 'total'>
}

export const WAITS: AttemptWaits = Object.freeze({
  refused: { first: 250, most: 10_000, total: 60_000 },
  notReady: { first: 500, most: 10_000, total: 300_000 },
  begun: { first: 250, most: 2000, total: 15_000 },
  staging: { first: 200, most: 5000, total: 60_000 },
  outcome: { first: 500, most: 5000 },
})

/** Milliseconds after Lambda's own limit at which nothing can come any more. */
const GRACE_MS = 15_000

/** Carries out an attempt that nobody has called for yet. */
export async function runAttempt(run: AttemptRun<AttemptCall>): Promise<AttemptEnd> {
  const staged = new StagedAttempt(run.aws.staging, run.call)
  const payload = await payloadOf(run, staged)
  return Buffer.isBuffer(payload) ? invoke(run, staged, payload) : notTaken(payload)
}

/** Takes up an attempt that an earlier life of the dispatcher had: it has ended, it runs, or it was never called. */
export async function resumeAttempt(run: AttemptRun<AttemptCall>): Promise<AttemptEnd> {
  const staged = new StagedAttempt(run.aws.staging, run.call)
  const document = await persistently(run, () => staged.outcome())
  if (document) return endOf(run, staged, { document })
  const started = await persistently(run, () => staged.started())
  return started ? untilOutcome(run, staged, started.startedAt) : runAttempt(run)
}

/** Waits for the end of what has ended on record; what shows no sign of having begun was never taken. */
export async function windUpAttempt(run: AttemptRun): Promise<AttemptEnd> {
  const staged = new StagedAttempt(run.aws.staging, run.call)
  const startedMs = await startOf(run, staged)
  return startedMs === undefined ? notTaken(CALLED_OFF) : untilOutcome(run, staged, startedMs)
}

const CALLED_OFF = failed({ cause: 'cancelled', message: 'it was cancelled before Lambda took it' })

const notTaken = (outcome: Failed): AttemptEnd => ({ outcome, usage: 'none', log: [] })

/** Calls the function until Lambda takes the call, as far as patience goes. */
async function invoke(run: AttemptRun, staged: StagedAttempt, payload: Buffer): Promise<AttemptEnd> {
  const { call, now, signal, isCancelled } = run
  const [refused, notReady] = [new Patience(run.waits.refused, now), new Patience(run.waits.notReady, now)]
  while (!isCancelled()) {
    const calledMs = now()
    const answer = await callOnce(run, payload)
    if ('payload' in answer) return afterAnswer(run, staged, { answer, most: now() - calledMs })
    const refusal = answer.kind === 'state' ? await readState(run, answer.message) : answer
    if (refusal.kind === 'refused') return notTaken(failed(refusal))
    if (refusal.kind === 'unknown') {
      const startedMs = await startOf(run, staged)
      if (startedMs !== undefined) return untilOutcome(run, staged, startedMs)
    }
    const patience = refusal.kind === 'state' ? notReady : refused
    if (patience.isOver) return notTaken(giveUp(refusal, call))
    if (refusal.kind === 'wait' && refusal.concurrency)
      run.concurrency.refused(call.release.function, isOfFunction(refusal))
    await patience.wait(signal)
  }
  return notTaken(CALLED_OFF)
}

/** The event, with the input staged; or why that could not be done. */
async function payloadOf(run: AttemptRun<AttemptCall>, staged: StagedAttempt): Promise<Buffer | Failed> {
  const { call, heartbeatSeconds } = run
  try {
    const { invocation, attempt, event: content, eventTime, objectKey, wantsResult } = call.document
    const event: LambdaCall = {
      spillway: 'attempt',
      invocation,
      attempt,
      event: content,
      eventTime,
      ...(objectKey === undefined ? {} : { objectKey }),
      wantsResult,
      release: call.release.number,
      timeout: timeoutOn(call.release.spec, 'lambda'),
      input: await persistently(run, () => staged.stageInput(call.input)),
      heartbeatSeconds,
    }
    return Buffer.from(JSON.stringify(event))
  } catch (thrown) {
    if (run.signal.aborted) throw thrown
    const message = `the input could not be staged: ${asError(thrown).message}`
    return failed({ cause: isGone(thrown) ? 'input-missing' : 'backend-unavailable', message })
  }
}

async function callOnce({ aws, call, signal, now }: AttemptRun, payload: Buffer): Promise<InvocationAnswer | Refusal> {
  const functionName = call.release.function
  const late = AbortSignal.timeout(Math.max(1, lastMs(call, now()) - now()))
  try {
    const signals = { signal: AbortSignal.any([signal, late]) }
    return await aws.lambda.invoke({ functionName, ...qualifierOf(call), payload, ...signals })
  } catch (thrown) {
    if (signal.aborted) throw thrown
    return readRefusal(thrown, functionName)
  }
}

/** Of a function that was deployed again while this work waited: the code that belongs to its release. */
function qualifierOf({ release }: CalledAttempt): { qualifier?: string } {
  const qualifier = release.spec.lambda?.qualifier
  return qualifier === undefined ? {} : { qualifier }
}

/** Whether a function that cannot be called now is about to be ready. */
async function readState({ aws, call }: AttemptRun, message: string): Promise<Refusal> {
  const name = call.release.function
  const { state, stateReason } = await aws.lambda
    .functionFacts(name, call.release.spec.lambda?.qualifier)
    .catch((): { state?: string; stateReason?: string } => ({}))
  if (state !== 'Failed') return { kind: 'state', message }
  return { kind: 'refused', cause: 'image', message: `the function ${name} cannot start: ${stateReason ?? message}` }
}

const giveUp = (refusal: Refusal, { release }: CalledAttempt): Failed =>
  failed({
    cause: refusal.kind === 'wait' ? refusal.cause : 'backend-unavailable',
    ...(isOfFunction(refusal) ? { ofFunction: true } : {}),
    message: `Lambda did not take an attempt of ${release.function} in time: ${refusal.message}`,
  })

/** Epoch milliseconds; undefined when there is no sign of it. A lost call may have arrived, and its function start late. */
async function startOf(run: AttemptRun, staged: StagedAttempt): Promise<number | undefined> {
  const patience = new Patience(run.waits.begun, run.now)
  for (;;) {
    const document = await persistently(run, async () => (await staged.started()) ?? staged.outcome())
    if (document) return document.startedAt
    if (patience.isOver) return undefined
    await patience.wait(run.signal)
  }
}

async function afterAnswer(
  run: AttemptRun,
  staged: StagedAttempt,
  { answer, most }: { answer: InvocationAnswer; most: number },
): Promise<AttemptEnd> {
  const document = await persistently(run, () => staged.outcome())
  if (document) return endOf(run, staged, { document, answer })
  const outcome = answer.functionError === undefined ? notOurs(run.call) : readFunctionError(answer)
  const log = printedLines(answer.logTail).map((text): LogLine => ({ time: run.now(), stream: 'stdout', text }))
  return { outcome, usage: usageOf(run.call, { answer, most }), log }
}

const notOurs = ({ release }: CalledAttempt): Failed =>
  failed({
    cause: 'image',
    message: `the function ${release.function} answered without an outcome: it has not been deployed by Spillway, or not for a dispatcher; deploy the service`,
  })

/** Waits for what runs without a call. */
async function untilOutcome(run: AttemptRun, staged: StagedAttempt, startedMs: number): Promise<AttemptEnd> {
  const { call, now, signal, waits } = run
  const patience = new Patience({ ...waits.outcome, total: lastMs(call, startedMs) - now() }, now)
  for (;;) {
    const document = await persistently(run, () => staged.outcome())
    if (document) return endOf(run, staged, { document })
    if (patience.isOver) return lost(call)
    await patience.wait(signal)
  }
}

/** What it took is not known; it cannot have been more than its time. */
const lost = (call: CalledAttempt): AttemptEnd => ({
  outcome: failed({
    cause: 'worker-lost',
    message: `the call of ${call.release.function} was lost, and no outcome came within its time; its log is at AWS`,
  }),
  usage: usageOf(call, { most: timeoutMs(call) }),
  log: [],
})

async function endOf(
  run: AttemptRun,
  staged: StagedAttempt,
  facts: { document: OutcomeDocument; answer?: InvocationAnswer },
): Promise<AttemptEnd> {
  const log = await staged.log(facts.document).catch((): LogLine[] => [])
  return { outcome: facts.document.outcome, usage: usageOf(run.call, { ...facts, most: timeoutMs(run.call) }), log }
}

const timeoutMs = ({ release }: CalledAttempt) => lambdaTimeout(timeoutOn(release.spec, 'lambda')) * 1000

const isOfFunction = (refusal: Refusal) =>
  refusal.kind === 'state' || ('ofFunction' in refusal && refusal.ofFunction === true)

/** When nothing can come any more of what started then, epoch milliseconds. */
const lastMs = (call: CalledAttempt, startedMs: number) => startedMs + timeoutMs(call) + GRACE_MS

/** Asks the staging bucket until it answers. */
async function persistently<T>({ waits, now, signal }: AttemptRun, ask: () => Promise<T>): Promise<T> {
  const patience = new Patience(waits.staging, now)
  for (;;) {
    try {
      return await ask()
    } catch (thrown) {
      const isFinal = thrown instanceof SpillwayError && !thrown.retryable
      if (signal.aborted || isFinal || patience.isOver) throw thrown
      await patience.wait(signal)
    }
  }
}
