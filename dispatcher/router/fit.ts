/** Hard limits: which back-ends can run a piece of work at all, and for each that cannot, why, with both numbers. */
import type { Reason } from '../../runtime/contract/decision.js'
import { specFor, type FunctionSpec } from '../../runtime/contract/function-spec.js'
import { formatBytes, formatMegabytes, formatSeconds } from '../../runtime/contract/units.js'
import type { BackendLimits } from '../backends/backend.js'
import type { RunTime } from './run-time.js'

const MEBIBYTE = 1024 ** 2

/** Share of a back-end's time limit within which work must be expected to end: run times vary. */
const TIME_LIMIT_SHARE = 0.9

const nothingOver = new WeakMap<FunctionSpec, WeakMap<BackendLimits, Reason[]>>()

/**
 * Why the back-end cannot run it; empty = it can. Work whose timeout is over that of the back-end runs there if it is
 * known to take less, which `run` tells.
 */
export function misfits(spec: FunctionSpec, inputBytes: number, limits: BackendLimits, run?: RunTime): Reason[] {
  const fixed = fixedMisfits(spec, limits)
  const own = specFor(spec, limits.name)
  const time = timeMisfit(own.timeout, limits, run)
  const input = inputMisfit(own.ephemeralStorageSize, inputBytes)
  if (time === undefined && input === undefined) return fixed
  return [...fixed, ...[time, input].flatMap((text) => (text === undefined ? [] : [reason(limits, text)]))]
}

/** What does not depend on the input is worked out once per release. */
function fixedMisfits(spec: FunctionSpec, limits: BackendLimits): Reason[] {
  let known = nothingOver.get(spec)
  if (!known) nothingOver.set(spec, (known = new WeakMap()))
  let reasons = known.get(limits)
  if (!reasons) known.set(limits, (reasons = compareFixed(spec, limits)))
  return reasons
}

function compareFixed(spec: FunctionSpec, limits: BackendLimits): Reason[] {
  const own = specFor(spec, limits.name)
  return [
    over(own.memorySize, limits.memoryMax, 'memorySize', formatMegabytes),
    over(own.ephemeralStorageSize, limits.ephemeralStorageMax, 'ephemeralStorageSize', formatMegabytes),
    over(own.cpu, limits.cpuMax, 'cpu', (vcpu) => `${vcpu} vCPU`),
    over(own.gpu.count, limits.gpuMax, 'gpu', String),
    otherArchitecture(own.architecture, limits.architectures),
  ]
    .filter((text) => text !== undefined)
    .map((text) => reason(limits, text))
}

const reason = ({ name }: BackendLimits, text: string): Reason => ({
  code: 'limit',
  backend: name,
  text: `${name}: ${text}`,
})

function over(value: number, max: number | undefined, what: string, format: (value: number) => string) {
  return max !== undefined && value > max ? `${what} ${format(value)} is over ${format(max)}` : undefined
}

function otherArchitecture(wanted: string, there: readonly string[] | undefined): string | undefined {
  if (!there || there.includes(wanted)) return undefined
  return `architecture ${wanted} is not among those of its machines: ${there.join(', ')}`
}

function inputMisfit(scratch: number, inputBytes: number): string | undefined {
  if (inputBytes <= scratch * MEBIBYTE) return undefined
  return `input of ${formatBytes(inputBytes)} is over ephemeralStorageSize ${formatMegabytes(scratch)}`
}

function timeMisfit(timeout: number, { timeoutMax = Infinity }: BackendLimits, run?: RunTime): string | undefined {
  if (timeout <= timeoutMax) return undefined
  const limit = `timeout ${formatSeconds(timeout)} is over ${formatSeconds(timeoutMax)}`
  if (!run || run.basis === 'timeout') return limit
  const expected = run.basis === 'hint' ? run.seconds : run.upper
  if (expected <= TIME_LIMIT_SHARE * timeoutMax) return undefined
  if (run.basis === 'hint') return `${limit}, and so is expectedTime ${formatSeconds(run.seconds)}, or close to it`
  return run.upper < timeout
    ? `${limit}, and 5 of 100 runs take over ${formatSeconds(run.upper)}`
    : `${limit}, and ${run.samples} ended runs are too few to tell that it ends in time`
}
