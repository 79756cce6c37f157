/** The queue by which a dispatcher hears of objects in S3, and where events wait that could not be worked on. Pure. */
import { attributeOf, bucketArn } from './arns.js'
import type { LambdaService } from './lambda-service.js'
import { deadLetterQueueName, eventQueueName, logicalId } from './names.js'
import { bucketsOf, queuedInputs } from './notifications.js'

/** Seconds; the longest that SQS keeps a message: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
const RETENTION_SECONDS = 14 * 24 * 3600
/** Seconds that a dispatcher has to put an event on record before the queue hands it out again. */
const VISIBILITY_SECONDS = 120
/** Receptions; that many end in hours, and none is counted while no dispatcher is there. */
const RECEIVED_MAX = 100

const EVENTS = logicalId('Events')
const DEAD_LETTERS = logicalId('DeadLetters')

export function queueResources(service: LambdaService): Record<string, object> {
  const buckets = bucketsOf(queuedInputs(service))
  const isDirect = service.functions.some(({ road, spec }) => road === 'direct' && spec.input.length > 0)
  return {
    ...(buckets.length > 0 || isDirect ? { [DEAD_LETTERS]: queue(deadLetterQueueName(service)) } : {}),
    ...(buckets.length > 0 ? { [EVENTS]: eventQueue(service), [`${EVENTS}Policy`]: policy(buckets) } : {}),
  }
}

const queue = (name: string, more: object = {}) => ({
  Type: 'AWS::SQS::Queue',
  Properties: { QueueName: name, SqsManagedSseEnabled: true, MessageRetentionPeriod: RETENTION_SECONDS, ...more },
})

const eventQueue = (service: LambdaService) =>
  queue(eventQueueName(service), {
    VisibilityTimeout: VISIBILITY_SECONDS,
    RedrivePolicy: { deadLetterTargetArn: attributeOf(DEAD_LETTERS), maxReceiveCount: RECEIVED_MAX },
  })

/** S3 may send, for these buckets of this account. */
const policy = (buckets: readonly string[]) => ({
  Type: 'AWS::SQS::QueuePolicy',
  Properties: {
    Queues: [{ Ref: EVENTS }],
    PolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: 's3.amazonaws.com' },
          Action: 'sqs:SendMessage',
          Resource: attributeOf(EVENTS),
          Condition: {
            ArnLike: { 'aws:SourceArn': buckets.map(bucketArn) },
            StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
          },
        },
      ],
    },
  },
})
