/** That S3 may start a function, for one bucket of the same account. Pure. */
import { attributeOf, bucketArn } from './arns.js'
import type { LambdaService } from './lambda-service.js'
import { logicalId } from './names.js'
import { bucketsOf, notificationsFor } from './notifications.js'

/** `idOf`: what the framework calls a function in the template, by its key. */
export function permissionResources(service: LambdaService, idOf: (key: string) => string): Record<string, object> {
  const notifications = notificationsFor(service)
  return Object.fromEntries(
    service.functions.flatMap((entry) =>
      bucketsOf(notifications.filter(({ target }) => target.kind === 'function' && target.name === entry.name)).map(
        (bucket) => [logicalId('Permission', entry.key, bucket), permission(idOf(entry.key), bucket)],
      ),
    ),
  )
}

const permission = (functionId: string, bucket: string) => ({
  Type: 'AWS::Lambda::Permission',
  Properties: {
    FunctionName: attributeOf(functionId),
    Action: 'lambda:InvokeFunction',
    Principal: 's3.amazonaws.com',
    SourceArn: bucketArn(bucket),
    SourceAccount: { Ref: 'AWS::AccountId' },
  },
})
