/** `serverless remove`, after the stack: what functions left in the staging bucket, and the bucket that this service made. */
import { clearStaging } from '../../aws/buckets.js'
import { openS3 } from '../../aws/open-s3.js'
import type { CommandContext } from '../../context.js'
import { allFunctions } from '../../service.js'
import { readStack, writeStack } from '../../stack-record.js'
import { ownerOf } from './prepare.js'

export async function clearStagingOf({ service, aws, output }: CommandContext): Promise<void> {
  const staging = service.config.backends.lambda?.stagingBucket ?? readStack(service)?.stagingBucket
  if (staging === undefined) return
  const s3 = await openS3(await aws().clientConfig())
  const names = allFunctions(service).map(({ name }) => name)
  const done = await clearStaging(s3, { staging, owner: ownerOf(service) }, names)
  writeStack(service, undefined)
  if (done === 'deleted') output.log.success(`bucket ${staging}: deleted`)
}
