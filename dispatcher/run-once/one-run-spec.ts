/** The spec of a function for one run on this machine: everything the same, but nothing leaves it and nothing is tried again. */
import type { FunctionSpec } from '../../runtime/contract/function-spec.js'

export interface OneRun {
  spec: FunctionSpec
  /** Name of the only storage there is. */
  storage: string
  /** Where the input file is put; undefined: it is the body of a request. */
  object?: { bucket: string; key: string }
}

/** Bucket of the results. */
export const RESULTS = 'spillway-results'

/** `fileName` is undefined when there is no input file, or it is to be the body of a request. */
export function oneRun(spec: FunctionSpec, fileName: string | undefined): OneRun {
  const { concurrency: _, ...rest } = spec
  const [rule] = fileName === undefined ? [] : spec.input
  const storage = rule?.storage ?? 'here'
  return {
    storage,
    spec: {
      ...rest,
      backends: ['local'],
      input: rule ? [{ ...rule, suffix: [] }] : [],
      output: [{ storage, bucket: RESULTS, prefix: '', match: ['**'] }],
      retries: { ...spec.retries, attempts: 1 },
    },
    ...(rule && fileName !== undefined ? { object: { bucket: rule.bucket, key: rule.prefix + fileName } } : {}),
  }
}
