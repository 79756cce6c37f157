/** Brings the input of a run on Lambda to where the script will look for it. */
import { statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LambdaCallInput } from '../../contract/lambda-call.js'
import { formatBytes } from '../../contract/units.js'
import { AttemptFailure } from '../attempt-failure.js'
import type { S3Client } from '../aws/s3-client.js'
import { asFailure, stagedName, tooLarge } from '../stage-input.js'
import { readSigned } from '../transfer/signed.js'
import type { Sandbox } from './sandbox.js'

const BYTES_PER_MEGABYTE = 1024 ** 2

export interface LambdaStageIn {
  s3: S3Client
  sandbox: Pick<Sandbox, 'makeRoom'>
  input: LambdaCallInput | undefined
  directory: string
  /** MB of /tmp, as the function has it. */
  ephemeralStorageSize: number
  signal: AbortSignal
}

/** Paths of the staged files. */
export async function stageIn({
  s3,
  sandbox,
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
  const { bucket, key, size, region } = input
  const bytesMax = ephemeralStorageSize * BYTES_PER_MEGABYTE
  if (size > bytesMax) throw tooLarge(`the input has ${formatBytes(size)}`, ephemeralStorageSize)
  if (size > (await freeBytes(directory))) await sandbox.makeRoom()
  await mustFit(size, directory)
  await readSigned({ s3, object: { bucket, key }, region, to, bytesMax, signal }).catch((error: unknown) => {
    throw asFailure(error, input, ephemeralStorageSize)
  })
  return [to]
}

/** Another sandbox may have the room. */
async function mustFit(size: number, directory: string): Promise<void> {
  const free = await freeBytes(directory)
  if (size <= free) return
  const message = `the input has ${formatBytes(size)}, ${formatBytes(free)} of the scratch space are free. Set a larger ephemeralStorageSize.`
  throw new AttemptFailure('no-space', message)
}

/** What scripts left in /tmp before is gone from what it had. */
async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}
