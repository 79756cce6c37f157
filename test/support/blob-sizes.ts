/** Sizes of files as they come to functions in the wild. */
import { randomNumbers } from './random-numbers.js'

/**
 * Bytes of blobs read by Azure Functions: p50 5 KB, p90 26 KB, p99 1.5 MB, between them log-linear.
 * https://github.com/Azure/AzurePublicDataset (AzureFunctionsBlobDataset2020)
 */
const QUANTILES: readonly (readonly [share: number, bytes: number])[] = [
  [0, 1],
  [0.5, 5_000],
  [0.9, 26_000],
  [0.99, 1_500_000],
  [1, 3_000_000],
]

export function blobSizes(count: number, seed = 1): number[] {
  const random = randomNumbers(seed)
  return Array.from({ length: count }, () => sizeAt(random()))
}

function sizeAt(share: number): number {
  const upper = QUANTILES.findIndex(([limit]) => limit >= share)
  const [from, small] = QUANTILES[Math.max(0, upper - 1)]!
  const [to, large] = QUANTILES[Math.max(1, upper)]!
  return Math.round(small * (large / small) ** ((share - from) / (to - from)))
}
