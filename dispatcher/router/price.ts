/** What a run costs on a back-end. Pure. */
import { specFor, type BackendName, type FunctionSpec } from '../../runtime/contract/function-spec.js'
import { LIST_PRICES, type Price } from './prices.js'

const MB_PER_GB = 1024

export const FREE: Price = Object.freeze({})

export const listPrice = (backend: BackendName, spec: FunctionSpec): Price =>
  LIST_PRICES[backend]?.[specFor(spec, backend).architecture] ?? FREE

export interface PricedRun {
  /** As the back-end sees it: see `specFor`. */
  spec: Pick<FunctionSpec, 'memorySize' | 'cpu' | 'ephemeralStorageSize'>
  price: Price
  seconds: number
}

/** USD of one run. */
export function costOf({ spec, price, seconds }: PricedRun): number {
  const { perRun = 0, perGbSecond = 0, perCpuSecond = 0, perScratchGbSecond = 0, scratchFree = 0 } = price
  const scratch = Math.max(0, spec.ephemeralStorageSize - scratchFree)
  const perSecond =
    perGbSecond * (spec.memorySize / MB_PER_GB) + perCpuSecond * spec.cpu + perScratchGbSecond * (scratch / MB_PER_GB)
  return perRun + perSecond * seconds
}

/** USD of one run of that many seconds, at the list price. */
export const listCost = (spec: FunctionSpec, backend: BackendName, seconds: number): number =>
  costOf({ spec: specFor(spec, backend), price: listPrice(backend, spec), seconds })
