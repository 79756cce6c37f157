/** What AWS Lambda can take at most. Pure. */
import { LAMBDA_LIMITS } from '../../../runtime/contract/aws-limits.js'
import { specFor, type FunctionSpec } from '../../../runtime/contract/function-spec.js'
import { formatMegabytes } from '../../../runtime/contract/units.js'
import type { BackendLimits } from '../backend.js'

export const LAMBDA_BACKEND_LIMITS: BackendLimits = Object.freeze({
  name: 'lambda',
  public: true,
  memoryMax: LAMBDA_LIMITS.memoryMax,
  ephemeralStorageMax: LAMBDA_LIMITS.ephemeralStorageMax,
  timeoutMax: LAMBDA_LIMITS.timeout,
  gpuMax: 0,
})

/** Why no work of the function can ever run on Lambda, with both numbers; a long timeout alone is no reason. */
export function lambdaMisfits(spec: FunctionSpec): string[] {
  const { memorySize, ephemeralStorageSize, gpu, image } = specFor(spec, 'lambda')
  const { memoryMax, ephemeralStorageMax } = LAMBDA_LIMITS
  return [
    ...(image === undefined ? ['it has no image'] : []),
    ...(memorySize > memoryMax
      ? [`memorySize ${formatMegabytes(memorySize)} is over ${formatMegabytes(memoryMax)}`]
      : []),
    ...(ephemeralStorageSize > ephemeralStorageMax
      ? [
          `ephemeralStorageSize ${formatMegabytes(ephemeralStorageSize)} is over ${formatMegabytes(ephemeralStorageMax)}`,
        ]
      : []),
    ...(gpu.count > 0 ? [`gpu ${gpu.count} is over 0`] : []),
  ]
}
