/** The buckets that a service needs: looked at before anything is touched, then made where they are missing. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import { stagingPrefix } from '../../runtime/contract/lambda-function.js'
import type { S3Api } from './s3-api.js'
import { withStagingRule } from './staging-rule.js'

/** Says who made the staging bucket, and may delete it. */
const TAG = 'spillway'

export interface NeededBuckets {
  staging: string
  /** Of inputs and results; they are never deleted. */
  others: readonly string[]
  /** `<service>-<stage>` */
  owner: string
}

/** Those that are missing; throws where one is somebody else's. */
export async function missingBuckets(s3: Pick<S3Api, 'bucketState'>, needed: NeededBuckets): Promise<string[]> {
  const names = [...new Set([needed.staging, ...needed.others])]
  const states = await Promise.all(names.map((name) => s3.bucketState(name)))
  const foreign = names.filter((_, index) => states[index] === 'elsewhere')
  if (foreign.length > 0)
    throw new SpillwayError(
      'aws-refused',
      `These buckets belong to another account or region, or may not be used by you: ${foreign.join(', ')}. Names of buckets are unique in all of AWS: choose another, or ask for s3:ListBucket on it.`,
    )
  return names.filter((_, index) => states[index] === 'missing')
}

export async function makeBuckets(
  s3: S3Api,
  missing: readonly string[],
  { staging, owner }: NeededBuckets,
): Promise<void> {
  for (const bucket of missing) {
    await s3.createBucket(bucket)
    if (bucket === staging) await sign(s3, bucket, owner)
    await s3.closeToPublic(bucket)
  }
}

/** A bucket that does not say that it is ours would never be removed. */
async function sign(s3: S3Api, bucket: string, owner: string): Promise<void> {
  try {
    await s3.setTags(bucket, { [TAG]: owner })
  } catch (error) {
    await s3.deleteBucket(bucket).catch(() => undefined)
    throw error
  }
}

/**
 * On every deployment, since an earlier one may have been broken off: what stays behind in the staging bucket goes after
 * some days, whoever made the bucket; one of ours is closed and encrypted. Nothing is written that is as it should be.
 */
export async function keepStaging(s3: S3Api, { staging, owner }: Pick<NeededBuckets, 'staging' | 'owner'>) {
  const rules = withStagingRule(await s3.lifecycle(staging))
  if (rules) await s3.setLifecycle(staging, rules)
  if ((await s3.tags(staging))[TAG] !== owner) return
  if (!(await s3.isClosedToPublic(staging))) await s3.closeToPublic(staging)
  if (!(await s3.isEncrypted(staging))) await s3.encrypt(staging)
}

/** Takes what functions left there, and the bucket too where this service made it and nothing else is in it. */
export async function clearStaging(
  s3: S3Api,
  { staging, owner }: Pick<NeededBuckets, 'staging' | 'owner'>,
  functions: readonly string[],
): Promise<'deleted' | 'cleared' | 'missing'> {
  if ((await s3.bucketState(staging)) !== 'there') return 'missing'
  for (const name of functions) await s3.deleteBelow(staging, stagingPrefix(name))
  const isOurs = (await s3.tags(staging))[TAG] === owner
  if (!isOurs || !(await isEmpty(s3, staging))) return 'cleared'
  await s3.deleteBucket(staging)
  return 'deleted'
}

async function isEmpty(s3: Pick<S3Api, 'list'>, bucket: string): Promise<boolean> {
  for await (const _ of s3.list(bucket, '')) return false
  return true
}
