import assert from 'node:assert/strict'
import type { NotificationConfiguration } from '@aws-sdk/client-s3'
import { mergeNotifications } from '../../../../../dispatcher/backends/lambda/compile/merge-notifications.js'
import type { Notification } from '../../../../../dispatcher/backends/lambda/compile/notifications.js'

const OWNER = 'spillway.garden-dev.'
const FOREIGN: NotificationConfiguration = {
  EventBridgeConfiguration: {},
  TopicConfigurations: [{ Id: 'theirs', TopicArn: 'arn:topic', Events: ['s3:ObjectRemoved:*'] }],
  LambdaFunctionConfigurations: [
    { Id: 'spillway.garden-prod.x.1', LambdaFunctionArn: 'arn:other-stage', Events: ['s3:ObjectCreated:*'] },
    { LambdaFunctionArn: 'arn:without-id', Events: ['s3:ObjectCreated:*'] },
  ],
  QueueConfigurations: [{ Id: 'q', QueueArn: 'arn:their-queue', Events: ['s3:ObjectCreated:*'] }],
}
const toFunction: Notification = {
  id: `${OWNER}classify.1`,
  bucket: 'b',
  prefix: 'in/',
  suffix: '.jpg',
  target: { kind: 'function', name: 'f' },
}
const toQueue: Notification = {
  id: `${OWNER}events.1`,
  bucket: 'b',
  prefix: '',
  suffix: '',
  target: { kind: 'queue', name: 'q' },
}

const merge = (current: NotificationConfiguration, wanted: Notification[]) =>
  mergeNotifications({ current, wanted, owner: OWNER, arnOf: ({ kind, name }) => `arn:${kind}:${name}` })

describe('the notifications of a bucket', () => {
  it('get ours and keep those of others, of other stages too', () => {
    assert.deepEqual(merge(FOREIGN, [toFunction, toQueue]), {
      ...FOREIGN,
      LambdaFunctionConfigurations: [
        ...FOREIGN.LambdaFunctionConfigurations!,
        {
          Id: toFunction.id,
          LambdaFunctionArn: 'arn:function:f',
          Events: ['s3:ObjectCreated:*'],
          Filter: {
            Key: {
              FilterRules: [
                { Name: 'prefix', Value: 'in/' },
                { Name: 'suffix', Value: '.jpg' },
              ],
            },
          },
        },
      ],
      QueueConfigurations: [
        ...FOREIGN.QueueConfigurations!,
        { Id: toQueue.id, QueueArn: 'arn:queue:q', Events: ['s3:ObjectCreated:*'] },
      ],
    })
  })

  it('are not written when nothing changes, in whatever order and spelling S3 gives them', () => {
    const written = merge(FOREIGN, [toFunction, toQueue])!
    const answered = structuredClone(written)
    answered.LambdaFunctionConfigurations!.reverse()
    for (const { Filter } of answered.LambdaFunctionConfigurations!) {
      Filter?.Key?.FilterRules?.reverse()
      for (const rule of Filter?.Key?.FilterRules ?? [])
        Object.assign(rule, { Name: rule.Name === 'prefix' ? 'Prefix' : 'Suffix' })
    }
    assert.equal(merge(answered, [toFunction, toQueue]), undefined)
    assert.equal(merge(FOREIGN, []), undefined)
    assert.equal(merge({}, []), undefined)
  })

  it('lose ours that are not wanted any more, and take a new target', () => {
    const written = merge(FOREIGN, [toFunction, toQueue])!
    assert.deepEqual(merge(written, []), FOREIGN)
    const renamed = merge(written, [{ ...toFunction, target: { kind: 'function', name: 'g' } }, toQueue])!
    assert.equal(renamed.LambdaFunctionConfigurations!.at(-1)!.LambdaFunctionArn, 'arn:function:g')
    assert.deepEqual(merge({ QueueConfigurations: written.QueueConfigurations!.slice(1) }, []), {})
  })
})
