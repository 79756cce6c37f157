/** Results of a run without a dispatcher: all of them are sent first, then all are made visible. */
import { outputKey, outputsFor } from '../../contract/filters.js'
import type { LambdaFunctionFile } from '../../contract/lambda-function.js'
import type { PublishedOutput } from '../../contract/outcome.js'
import { AttemptFailure } from '../attempt-failure.js'
import type { S3Client } from '../aws/s3-client.js'
import { PARTS_FROM_BYTES, putFile, sendParts, type PendingObject, type S3Upload } from '../aws/s3-upload.js'
import { inTurn } from '../../contract/in-turn.js'
import type { LeftFile } from '../list-outputs.js'
import { asWriteFailure } from '../stage-output.js'

export interface Publish {
  s3: S3Client
  file: Pick<LambdaFunctionFile, 'output' | 'storages'>
  files: readonly LeftFile[]
  signal: AbortSignal
}

/** One result and one of the places it goes to. */
interface Target {
  file: LeftFile
  region: string | undefined
  output: PublishedOutput
}

/** Files on their way at once. */
const AT_ONCE = 8

export async function publish({ s3, file, files, signal }: Publish): Promise<PublishedOutput[]> {
  const targets = files.flatMap((one) => targetsOf(one, file))
  const [only] = targets
  // One object becomes visible at once in any case.
  if (targets.length === 1 && only && only.file.size < PARTS_FROM_BYTES) await putOne(only, { s3, signal })
  else await sendThenShow(targets, { s3, signal })
  return targets.map(({ output }) => output)
}

function targetsOf(file: LeftFile, { output, storages }: Publish['file']): Target[] {
  return outputsFor(output, file.name).map((rule) => {
    const storage = storages[rule.storage]
    if (!storage)
      throw new AttemptFailure(
        'output-refused',
        `the result ${file.name} goes to the storage ${rule.storage}, which only a dispatcher reaches; send the work to the dispatcher`,
      )
    const { bucket } = rule
    const key = outputKey(rule, file.name)
    return { file, region: storage.region, output: { storage: rule.storage, bucket, key, size: file.size } }
  })
}

type Way = Pick<Publish, 's3' | 'signal'>

const putOne = (target: Target, way: Way) => namingIt(target, () => putFile(uploadOf(target, way)))

async function sendThenShow(targets: readonly Target[], way: Way): Promise<void> {
  const pending = new Map<Target, PendingObject>()
  const send = async (target: Target) => {
    pending.set(target, await namingIt(target, () => sendParts(uploadOf(target, way))))
  }
  const show = async (target: Target) => {
    await namingIt(target, async () => pending.get(target)?.complete(way.signal))
    pending.delete(target)
  }
  try {
    await inTurn(targets, AT_ONCE, send)
    await inTurn(targets, AT_ONCE, show)
  } catch (error) {
    await Promise.all([...pending.values()].map((one) => one.abort()))
    throw error
  }
}

const uploadOf = ({ file, region, output }: Target, { s3, signal }: Way): S3Upload => ({
  s3,
  object: { bucket: output.bucket, key: output.key },
  region,
  from: file.path,
  size: file.size,
  signal,
})

const namingIt = <T>({ output }: Target, work: () => Promise<T>): Promise<T> =>
  work().catch((error: unknown) => {
    throw asWriteFailure(error, output.key)
  })
