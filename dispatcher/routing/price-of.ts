/** What a called back-end has used, in USD. */
import type { BackendName } from '../../runtime/contract/function-spec.js'
import type { Usage } from '../backends/call-backend.js'
import { costOf, FREE } from '../router/price.js'
import { LIST_PRICES } from '../router/prices.js'

/** At list prices; see `LIST_PRICES`. */
export function priceOf(
  backend: BackendName,
  { billedMs, memorySize, ephemeralStorageSize, architecture }: Usage,
): number {
  const price = LIST_PRICES[backend]?.[architecture] ?? FREE
  return costOf({ spec: { memorySize, ephemeralStorageSize, cpu: 0 }, price, seconds: billedMs / 1000 })
}
