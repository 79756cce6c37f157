/** Makes buckets report what functions are to hear of, and nothing else of ours; the rules of others stay. */
import type { Notification } from '../../dispatcher/backends/lambda/compile/notifications.js'
import { mergeNotifications } from '../../dispatcher/backends/lambda/compile/merge-notifications.js'
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { S3Api } from './s3-api.js'
import type { AwsAccount } from '../serverless.js'

export interface Notify {
  s3: S3Api
  account: AwsAccount
  region: string
  /** What the ids of ours begin with. */
  owner: string
  wanted: readonly Notification[]
  /** Buckets in which there may be rules of ours that are not wanted any more. */
  earlier: readonly string[]
}

/** Resolves to the buckets that were changed. */
export async function notify({ s3, wanted, earlier, ...facts }: Notify): Promise<string[]> {
  const changed: string[] = []
  for (const bucket of new Set([...wanted.map((one) => one.bucket), ...earlier])) {
    const ofBucket = wanted.filter((one) => one.bucket === bucket)
    if (ofBucket.length === 0 && (await s3.bucketState(bucket)) !== 'there') continue
    const current = await s3.notifications(bucket)
    const arnOf = (target: Notification['target']) => targetArn(target, facts)
    const merged = mergeNotifications({ current, wanted: ofBucket, owner: facts.owner, arnOf })
    if (!merged) continue
    await s3.setNotifications(bucket, merged).catch((error: unknown) => {
      throw withOthers(error, bucket, facts.owner, current)
    })
    changed.push(bucket)
  }
  return changed
}

const targetArn = (
  { kind, name }: Notification['target'],
  { account: { partition, accountId }, region }: Pick<Notify, 'account' | 'region'>,
) =>
  kind === 'function'
    ? `arn:${partition}:lambda:${region}:${accountId}:function:${name}`
    : `arn:${partition}:sqs:${region}:${accountId}:${name}`

type Current = Awaited<ReturnType<S3Api['notifications']>>

/** S3 does not say which rule of the bucket is in the way. */
function withOthers(error: unknown, bucket: string, owner: string, current: Current): unknown {
  if (!(error instanceof SpillwayError)) return error
  const { LambdaFunctionConfigurations = [], QueueConfigurations = [], TopicConfigurations = [] } = current
  const others = [...LambdaFunctionConfigurations, ...QueueConfigurations, ...TopicConfigurations]
    .map(({ Id }) => Id ?? '(without id)')
    .filter((id) => !id.startsWith(owner))
  const there = others.length > 0 ? ` Rules of others in ${bucket}: ${others.join(', ')}.` : ''
  return new SpillwayError(error.code, `${error.message}${there}`, {}, { cause: error })
}
