/** Which creations S3 is to report to whom: the rules of a stack, as data that stays in its template. Pure. */
import type { InputRule } from '../../../../runtime/contract/function-spec.js'
import { isAwsS3, type StorageConfig } from '../../../../runtime/contract/service-config.js'
import { filtersOf, overlap, type Filter } from './filters.js'
import type { LambdaService } from './lambda-service.js'
import { eventQueueName, notificationOwner, shortHash } from './names.js'

export interface Notification extends Filter {
  /** Starts with the owner, so that a bucket's others are told apart. */
  id: string
  bucket: string
  target: { kind: 'function' | 'queue'; name: string }
}

/** What stays in the template under `Metadata.Spillway`. */
export interface StackMetadata {
  notifications: Notification[]
}

/** Functions without a dispatcher hear of their own objects, all others by the queue. */
export function notificationsFor(service: LambdaService): Notification[] {
  const direct = service.functions.filter(({ road }) => road === 'direct')
  return [
    ...direct.flatMap(({ key, name, spec }) =>
      rulesTo(
        { kind: 'function', name },
        key,
        spec.input.filter((rule) => isAwsS3(service.storage[rule.storage])),
        service,
      ),
    ),
    ...rulesTo({ kind: 'queue', name: eventQueueName(service) }, 'events', queuedInputs(service), service),
  ]
}

/** What the dispatcher hears of by the queue: S3 reports to queues of its own region only. */
export const queuedInputs = ({ functions, privateInputs, storage, region }: LambdaService): InputRule[] =>
  [...functions.filter(({ road }) => road === 'dispatched').flatMap(({ spec }) => spec.input), ...privateInputs].filter(
    (rule) => isAwsS3(storage[rule.storage]) && regionOf(storage[rule.storage]!, region) === region,
  )

export const regionOf = ({ region }: StorageConfig, ofStack: string): string => region ?? ofStack

export const bucketsOf = (rules: readonly { bucket: string }[]): string[] => [
  ...new Set(rules.map(({ bucket }) => bucket)),
]

function rulesTo(
  target: Notification['target'],
  label: string,
  rules: readonly InputRule[],
  service: LambdaService,
): Notification[] {
  return bucketsOf(rules).flatMap((bucket) =>
    filtersOf(rules.filter((rule) => rule.bucket === bucket)).map((filter) => ({
      id: `${notificationOwner(service)}${label}.${shortHash(JSON.stringify([bucket, filter]))}`,
      bucket,
      ...filter,
      target,
    })),
  )
}

/** Two targets for one object, which S3 refuses. */
export function clashes(notifications: readonly Notification[]): [Notification, Notification][] {
  return notifications.flatMap((one, index) =>
    notifications
      .slice(index + 1)
      .filter((other) => other.bucket === one.bucket && overlap(one, other))
      .map((other): [Notification, Notification] => [one, other]),
  )
}
