/** What the templates of this and earlier deployments say of notifications: the framework keeps them in a bucket. */
import type { Notification, StackMetadata } from '../../dispatcher/backends/lambda/compile/notifications.js'
import type { Template } from '../serverless.js'
import type { AwsAccess, Deployments } from './aws-access.js'
import type { S3Api } from './s3-api.js'

/** https://github.com/oss-serverless/osls: the name of the template in the folder of a deployment */
const TEMPLATE = /\/([0-9]{13})-[^/]*\/compiled-cloudformation-template\.json$/

export interface DeployedNotifications {
  /** Epoch milliseconds: what `rollback --timestamp` takes. */
  timestamp: number
  notifications: Notification[]
}

/** Newest first; none before the first deployment. */
export async function deployedNotifications(
  aws: Pick<AwsAccess, 'deployments'>,
  s3: Pick<S3Api, 'list' | 'readText'>,
): Promise<DeployedNotifications[]> {
  const place = await aws.deployments()
  if (!place) return []
  const found = await templatesIn(place, s3)
  const read = found.map(async ({ key, timestamp }) => ({
    timestamp,
    notifications: notificationsIn(JSON.parse(await s3.readText(place.bucket, key)) as Template),
  }))
  return (await Promise.all(read)).sort((a, b) => b.timestamp - a.timestamp)
}

async function templatesIn({ bucket, prefix }: Deployments, s3: Pick<S3Api, 'list'>) {
  const found: { key: string; timestamp: number }[] = []
  for await (const { key } of s3.list(bucket, prefix)) {
    const timestamp = TEMPLATE.exec(key)?.[1]
    if (timestamp) found.push({ key, timestamp: Number(timestamp) })
  }
  return found
}

export const notificationsIn = ({ Metadata = {} }: Template): Notification[] =>
  (Metadata.Spillway as StackMetadata | undefined)?.notifications ?? []

export const bucketsOfAll = (deployed: readonly DeployedNotifications[]): string[] => [
  ...new Set(deployed.flatMap(({ notifications }) => notifications.map(({ bucket }) => bucket))),
]
