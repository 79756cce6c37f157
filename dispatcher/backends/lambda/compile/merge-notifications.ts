/** A bucket's notifications with ours in them; those of others stay as they are. Pure. */
import type {
  LambdaFunctionConfiguration,
  NotificationConfiguration,
  QueueConfiguration,
  S3KeyFilter,
} from '@aws-sdk/client-s3'
import { encodeFilter } from './filters.js'
import type { Notification } from './notifications.js'

export interface MergeNotifications {
  /** As the bucket has it. */
  current: NotificationConfiguration
  /** Of this bucket. */
  wanted: readonly Notification[]
  /** Ours are those whose id starts with it. */
  owner: string
  arnOf(target: Notification['target']): string
}

type Rule = LambdaFunctionConfiguration | QueueConfiguration

/** Undefined when the bucket has them all, and no others of ours, already. */
export function mergeNotifications({
  current,
  wanted,
  owner,
  arnOf,
}: MergeNotifications): NotificationConfiguration | undefined {
  const { TopicConfigurations: topics, EventBridgeConfiguration: bridge } = current
  const functions = current.LambdaFunctionConfigurations ?? []
  const queues = current.QueueConfigurations ?? []
  const isOurs = ({ Id }: Rule) => Id?.startsWith(owner) ?? false
  const ours = wanted.map((rule) => asConfiguration(rule, arnOf(rule.target)))
  if (sameRules([...functions, ...queues].filter(isOurs), ours)) return undefined
  const toFunctions = [...functions.filter((rule) => !isOurs(rule)), ...ours.filter(isToFunction)]
  const toQueues = [...queues.filter((rule) => !isOurs(rule)), ...ours.filter((rule) => !isToFunction(rule))]
  return {
    ...(topics ? { TopicConfigurations: topics } : {}),
    ...(bridge ? { EventBridgeConfiguration: bridge } : {}),
    ...(toFunctions.length > 0 ? { LambdaFunctionConfigurations: toFunctions } : {}),
    ...(toQueues.length > 0 ? { QueueConfigurations: toQueues as QueueConfiguration[] } : {}),
  }
}

const isToFunction = (rule: Rule): rule is LambdaFunctionConfiguration => 'LambdaFunctionArn' in rule

function asConfiguration({ id, prefix, suffix, target }: Notification, arn: string): Rule {
  const filters: NonNullable<S3KeyFilter['FilterRules']> = [
    ...(prefix === '' ? [] : [{ Name: 'prefix' as const, Value: encodeFilter(prefix) }]),
    ...(suffix === '' ? [] : [{ Name: 'suffix' as const, Value: encodeFilter(suffix) }]),
  ]
  const rule = {
    Id: id,
    Events: ['s3:ObjectCreated:*' as const],
    ...(filters.length > 0 ? { Filter: { Key: { FilterRules: filters } } } : {}),
  }
  return target.kind === 'function' ? { LambdaFunctionArn: arn, ...rule } : { QueueArn: arn, ...rule }
}

const sameRules = (a: readonly Rule[], b: readonly Rule[]) => canonical(a) === canonical(b)

const canonical = (rules: readonly Rule[]): string =>
  rules
    .map((rule) => {
      const filters = (rule.Filter?.Key?.FilterRules ?? []).map(({ Name, Value }) => `${Name?.toLowerCase()}=${Value}`)
      return JSON.stringify([
        rule.Id,
        isToFunction(rule) ? rule.LambdaFunctionArn : rule.QueueArn,
        rule.Events,
        filters.sort(),
      ])
    })
    .sort()
    .join()
