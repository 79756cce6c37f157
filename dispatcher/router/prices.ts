/**
 * List prices of public back-ends in USD: https://aws.amazon.com/lambda/pricing/, region us-east-1, read 2026-08. They are the same
 * in most regions, and higher in some; the tiers above 6 billion GB-seconds a month and the free ones are left out.
 * A back-end that is configured with a price of its own has that one.
 */
import type { BackendName } from '../../runtime/contract/function-spec.js'

/** USD; what is absent is free. */
export interface Price {
  perRun?: number
  /** Per GB of `memorySize` and second. */
  perGbSecond?: number
  /** Per vCPU and second. */
  perCpuSecond?: number
  /** Per GB of `ephemeralStorageSize` over `scratchFree` and second. */
  perScratchGbSecond?: number
  /** MB */
  scratchFree?: number
}

const LAMBDA = Object.freeze({
  perRun: 0.2 / 1e6,
  /** MB of /tmp that cost nothing. */
  scratchFree: 512,
  perScratchGbSecond: 3.09e-8,
})

const LAMBDA_PRICES = Object.freeze({
  x86_64: Object.freeze({ ...LAMBDA, perGbSecond: 1.66667e-5 }),
  arm64: Object.freeze({ ...LAMBDA, perGbSecond: 1.33334e-5 }),
})

/** By architecture; private back-ends cost nothing, because what they cost does not depend on whether they are used. */
export const LIST_PRICES: Readonly<Partial<Record<BackendName, Readonly<Record<'x86_64' | 'arm64', Price>>>>> =
  Object.freeze({ lambda: LAMBDA_PRICES, rehearsal: LAMBDA_PRICES })
