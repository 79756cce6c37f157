/** Hard limits: which back-ends can run a piece of work at all, and for each that cannot, why, with both numbers. */
import type { Reason } from '../../runtime/contract/decision.js'
import { specFor, type FunctionSpec } from '../../runtime/contract/function-spec.js'
import { formatBytes, formatMegabytes, formatSeconds } from '../../runtime/contract/units.js'
import type { BackendLimits } from '../backends/backend.js'

const MEBIBYTE = 1024 ** 2

/** Why the back-end cannot run it; empty = it can. */
export function misfits(spec: FunctionSpec, inputBytes: number, limits: BackendLimits): Reason[] {
  const own = specFor(spec, limits.name)
  const texts = [
    over(own.memorySize, limits.memoryMax, 'memorySize', formatMegabytes),
    over(own.ephemeralStorageSize, limits.ephemeralStorageMax, 'ephemeralStorageSize', formatMegabytes),
    over(own.timeout, limits.timeoutMax, 'timeout', formatSeconds),
    over(own.gpu.count, limits.gpuMax, 'gpu', String),
    inputBytes > own.ephemeralStorageSize * MEBIBYTE
      ? `input of ${formatBytes(inputBytes)} is over ephemeralStorageSize ${formatMegabytes(own.ephemeralStorageSize)}`
      : undefined,
  ]
  return texts
    .filter((text) => text !== undefined)
    .map((text) => ({ code: 'limit', backend: limits.name, text: `${limits.name}: ${text}` }))
}

function over(value: number, max: number | undefined, what: string, format: (value: number) => string) {
  return max !== undefined && value > max ? `${what} ${format(value)} is over ${format(max)}` : undefined
}
