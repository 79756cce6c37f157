/**
 * Limits of AWS Lambda, read 2026-08 from
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export const LAMBDA_LIMITS = Object.freeze({
  /** seconds */
  timeout: 900,
  /** MB */
  memoryMin: 128,
  /** MB */
  memoryMax: 10_240,
  /** MB of /tmp */
  ephemeralStorageMin: 512,
  /** MB of /tmp */
  ephemeralStorageMax: 10_240,
  /** bytes, uncompressed */
  imageBytes: 10 * 1024 ** 3,
  /** bytes, all variables together */
  environmentBytes: 4 * 1024,
  /** bytes of a synchronous request or response */
  payloadBytes: 6 * 1024 ** 2,
  /** bytes of an asynchronous request */
  asyncPayloadBytes: 1024 ** 2,
})

/** MB of memory that bring one vCPU: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html (2026-08) */
export const LAMBDA_MEGABYTES_PER_VCPU = 1769
