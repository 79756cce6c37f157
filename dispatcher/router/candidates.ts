/** Which back-ends can and may run a piece of work; every other one with its reason. Pure. */
import type { Reason } from '../../runtime/contract/decision.js'
import { timeoutOn, type FunctionSpec } from '../../runtime/contract/function-spec.js'
import { formatBytes, formatMegabytes, formatSeconds } from '../../runtime/contract/units.js'
import { afterFailures, passingFault, type PassingFault } from './elsewhere.js'
import { misfits } from './fit.js'
import type { RunTime } from './run-time.js'
import type { BackendState, Situation, Work } from './situation.js'

const MEBIBYTE = 1024 ** 2

export interface Candidate {
  state: BackendState
  /** What is expected of a run there. */
  run: RunTime
  /** It has just failed this work, which others can run meanwhile. */
  fault?: PassingFault
}

export interface Candidates {
  able: Candidate[]
  /** Why the others are none. */
  reasons: Reason[]
}

export function candidatesOf(work: Work, situation: Situation): Candidates {
  const able: Candidate[] = []
  const reasons: Reason[] = []
  for (const state of situation.backends) {
    const run = expectedRun(work, state, situation)
    const refusals = refusalsOf(work, state, run)
    if (refusals.length === 0) able.push({ state, run })
    else reasons.push(...refusals)
  }
  return work.failures === undefined || work.failures.length === 0
    ? { able, reasons }
    : withFault(work, situation, withoutFailed(work, situation, { able, reasons }))
}

function expectedRun({ function: name, spec, inputBytes }: Work, { limits }: BackendState, { runTimes }: Situation) {
  return runTimes.expected({
    function: name,
    backend: limits.name,
    inputBytes,
    timeout: timeoutOn(spec, limits.name),
    hint: spec.routing.expectedTime,
  })
}

function refusalsOf({ spec, inputBytes }: Work, { limits }: BackendState, run: RunTime): Reason[] {
  if (spec.backends && !spec.backends.includes(limits.name))
    return [
      {
        code: 'not-listed',
        backend: limits.name,
        text: `${limits.name}: the function does not list it under backends`,
      },
    ]
  const refusals = misfits(spec, inputBytes, limits, run)
  if (!limits.public) return refusals
  const forbidden = forbiddenBy(spec.routing, inputBytes, run)
  if (forbidden === undefined) return refusals
  return [...refusals, { code: 'policy-limit', backend: limits.name, text: `${limits.name}: ${forbidden}` }]
}

/** What the function's own policy keeps from public back-ends. */
function forbiddenBy(
  { maxInputSize, neverIfOver }: FunctionSpec['routing'],
  inputBytes: number,
  { seconds }: RunTime,
): string | undefined {
  if (maxInputSize !== undefined && inputBytes > maxInputSize * MEBIBYTE)
    return `input of ${formatBytes(inputBytes)} is over routing.maxInputSize ${formatMegabytes(maxInputSize)}`
  if (neverIfOver !== undefined && seconds > neverIfOver)
    return `expected run time ${formatSeconds(seconds)} is over routing.neverIfOver ${formatSeconds(neverIfOver)}`
  return undefined
}

function withoutFailed(work: Work, { backends }: Situation, { able, reasons }: Candidates): Candidates {
  const avoided = afterFailures({
    spec: work.spec,
    failures: work.failures ?? [],
    able: able.map(({ state }) => state.limits),
    all: backends.map(({ limits }) => limits),
  })
  return {
    able: able.filter(({ state }) => !avoided.has(state.limits.name)),
    reasons: [...reasons, ...avoided.values()],
  }
}

function withFault({ failures = [] }: Work, { now }: Situation, { able, reasons }: Candidates): Candidates {
  const fault = passingFault(failures, now)
  if (!fault || able.length < 2) return { able, reasons }
  const marked = able.map((one) => (one.state.limits.name === fault.backend ? { ...one, fault } : one))
  return { able: marked, reasons }
}
