/** After the stack: buckets report to what is in it. */
import { notificationOwner } from '../../../dispatcher/backends/lambda/compile/names.js'
import { notificationsFor, type Notification } from '../../../dispatcher/backends/lambda/compile/notifications.js'
import { bucketsOfAll, deployedNotifications } from '../../aws/deployed-notifications.js'
import { notify } from '../../aws/notify.js'
import { openS3 } from '../../aws/open-s3.js'
import { option, type CommandContext } from '../../context.js'
import { parseTime } from '../../parse-time.js'
import type { Service } from '../../service.js'
import { readStack, writeStack } from '../../stack-record.js'

export async function finish(context: CommandContext): Promise<void> {
  const { service } = context
  const { lambda } = service
  if (hasPart(service)) await setNotifications(context, () => (lambda ? notificationsFor(lambda) : []))
  if (lambda && lambda.functions.length > 0) writeStack(service, { stagingBucket: lambda.stagingBucket })
}

/** Functions of ours are on Lambda, or were before the configuration changed. */
const hasPart = (service: Service): boolean => service.lambda !== undefined || readStack(service) !== undefined

/** `serverless rollback --timestamp`: as the deployment has it that was brought back. */
export async function rollBack(context: CommandContext): Promise<void> {
  const { service, output } = context
  const time = option(context, 'timestamp')
  if (!hasPart(service) || time === undefined) return
  const timestamp = parseTime(time, { option: 'timestamp', now: Date.now() })
  const ofThen = (deployed: Deployed) => deployed.find((one) => one.timestamp === timestamp)?.notifications ?? []
  await setNotifications(context, ofThen)
  if (service.functions.length > 0)
    output.log.notice(
      'Functions in the dispatcher keep their releases: deploy the configuration of that time to bring those back too.',
    )
}

/** `serverless remove`, before the stack goes. */
export async function takeBack(context: CommandContext): Promise<void> {
  if (hasPart(context.service)) await setNotifications(context, () => [])
}

type Deployed = Awaited<ReturnType<typeof deployedNotifications>>

async function setNotifications(
  context: CommandContext,
  choose: (deployed: Deployed) => Notification[],
): Promise<void> {
  const { service, output } = context
  const aws = context.aws()
  const s3 = await openS3(await aws.clientConfig())
  const deployed = await deployedNotifications(aws, s3)
  const changed = await notify({
    s3,
    account: await aws.account(),
    region: aws.region,
    owner: notificationOwner(service),
    wanted: choose(deployed),
    earlier: bucketsOfAll(deployed),
  })
  for (const bucket of changed) output.log.success(`bucket ${bucket}: notifications set`)
}
