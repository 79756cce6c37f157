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

/** Characters of the name of a function: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html (2026-08) */
export const LAMBDA_NAME_LENGTH_MAX = 64

/** Characters of the name of a role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (2026-08) */
export const ROLE_NAME_LENGTH_MAX = 64

/**
 * Variables that Lambda sets itself and takes from nobody (2026-08):
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 */
export const LAMBDA_RESERVED_VARIABLES: readonly string[] = Object.freeze([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_DEFAULT_REGION',
  'AWS_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
])

/** MB of memory that bring one vCPU: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html (2026-08) */
export const LAMBDA_MEGABYTES_PER_VCPU = 1769
