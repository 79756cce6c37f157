/** The rule by which what stays behind in the staging bucket goes. Pure. */
import { isDeepStrictEqual } from 'node:util'
import type { LifecycleRule } from '@aws-sdk/client-s3'
import { STAGED_DAYS } from '../../runtime/contract/lambda-function.js'

/** Everything of ours in the staging bucket. */
const STAGED = 'spillway/'

const RULE = {
  ID: 'spillway',
  Status: 'Enabled',
  Filter: { Prefix: STAGED },
  Expiration: { Days: STAGED_DAYS },
  AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
} as const satisfies LifecycleRule

/** The rules of the bucket with ours among them; undefined when it is there as it should be. */
export function withStagingRule(rules: readonly LifecycleRule[]): LifecycleRule[] | undefined {
  const ours = rules.find(({ ID }) => ID === RULE.ID)
  if (ours && Object.entries(RULE).every(([key, value]) => isDeepStrictEqual(ours[key as keyof LifecycleRule], value)))
    return undefined
  return [...rules.filter((rule) => rule !== ours), RULE]
}
