/** Polls the queues that storages are configured with. */
import type { StorageConfig, StorageKeys } from '../../runtime/contract/service-config.js'
import { parse } from '../../runtime/events/parse.js'
import type { EventQueue } from './event-queue.js'
import type { SqsOptions } from './open-sqs.js'
import { placeEvent } from './place-event.js'
import { QueuePoller, type QueuePollerContext } from './queue-poller.js'

export interface PollQueues extends Pick<QueuePollerContext, 'report' | 'quarantine' | 'log'> {
  storages: Readonly<Record<string, StorageConfig>>
  keys: Readonly<Record<string, StorageKeys>>
  open(options: SqsOptions): EventQueue
}

export const pollQueues = ({ storages, keys, open, ...context }: PollQueues): QueuePoller[] =>
  Object.entries(storages).flatMap(([name, { queues = [], region }]) =>
    queues.map((queue) => {
      const place = { queue, ...(region ? { region } : {}), ...credentialsOf(keys[name]) }
      const storageOf = placeEvent(storages, name)
      return new QueuePoller({ ...context, queue: open(place), parse: (body) => parse(body, { storageOf }) })
    }),
  )

function credentialsOf(keys: StorageKeys | undefined): Pick<SqsOptions, 'credentials'> {
  if (!keys) return {}
  const { accessKey, secretKey, sessionToken } = keys
  return {
    credentials: {
      accessKeyId: accessKey,
      secretAccessKey: secretKey,
      ...(sessionToken ? { sessionToken } : {}),
    },
  }
}
