/** Brings the input of a run on Lambda to where the script will look for it. */
import { statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LambdaCallInput } from '../../contract/lambda-call.js'
import { formatBytes } from '../../contract/units.js'
import type { S3Client } from '../aws/s3-client.js'
import { asFailure, stagedName, tooLarge } from '../stage-input.js'
import { readSigned } from '../transfer/signed.js'

export interface LambdaStageIn {
  s3: S3Client
  input: LambdaCallInput | undefined
  directory: string
  /** MB of /tmp, as the function has it. */
  ephemeralStorageSize: number
  signal: AbortSignal
}

/** Paths of the staged files. */
export async function stageIn({
  s3,
  input,
  directory,
  ephemeralStorageSize,
  signal,
}: LambdaStageIn): Promise<string[]> {
  if (!input) return []
  const to = join(directory, stagedName(input.name))
  if (input.kind === 'inline') {
    await writeFile(to, Buffer.from(input.data, 'base64'))
    return [to]
  }
  const bytesMax = await freeBytes(directory)
  const { bucket, key, size, region } = input
  if (size > bytesMax)
    throw tooLarge(`the input has ${formatBytes(size)}, ${formatBytes(bytesMax)} are free`, ephemeralStorageSize)
  await readSigned({ s3, object: { bucket, key }, region, to, bytesMax, signal }).catch((error: unknown) => {
    throw asFailure(error, input, ephemeralStorageSize)
  })
  return [to]
}

/** What scripts left in /tmp before is gone from what it had. */
async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}
