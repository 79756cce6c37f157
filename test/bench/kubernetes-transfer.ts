/** A large file MinIO -> pod -> MinIO; beside a plain HTTP GET and PUT of the same object, in the same pod. */
import { randomUUID } from 'node:crypto'
import type { Client } from 'minio'
import { glibcRoot, placeLinked } from '../support/containers/root-directories.js'
import type { DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { generated } from '../support/streams.js'
import { figure, median, type Bench } from './figure.js'
import { onMinio } from './on-minio.js'

const MEGABYTES = 500
const BYTES = MEGABYTES * 1024 ** 2
const TIMES = 5
const BUCKET = 'bench'
const FUNCTION = 'bench-dev-transfer'
const OBJECT = 'source/large.bin'
const LINK_SECONDS = 3600

/** A result that is the input costs no copy. Of a request with two addresses: the seconds that curl takes for both. */
const SCRIPT = `#!/bin/sh
set -e
if [ -n "$STORAGE_OBJECT_KEY" ]; then
  ln "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"
else
  { read -r from; read -r to; } < "$INPUT_FILE_PATH"
  curl -sf -w '%{time_total} ' -o "$TMP_INPUT_DIR/plain" "$from"
  curl -sf -w '%{time_total}' -T "$TMP_INPUT_DIR/plain" "$to"
fi
`

export const kubernetesTransfer: Bench = {
  name: 'kubernetes-transfer',
  about: `a file of ${MEGABYTES} MB MinIO -> pod -> MinIO, ${TIMES} times; beside curl with the same object in the same pod`,
  run: () =>
    onMinio(async ({ bench, client, start }) => {
      const root = (directory: string) => (glibcRoot(directory), placeLinked('/usr/bin/curl', directory))
      const image = await bench.image('curl', root, { Env: ['PATH=/usr/bin:/bin'], WorkingDir: '/tmp/work' })
      const dispatcher = await start()
      const size = { cpu: 1, memorySize: 512, ephemeralStorageSize: 2 * MEGABYTES + 100, concurrency: 1 }
      const places = { input: `lake://${BUCKET}/in/`, output: `lake://${BUCKET}/out/` }
      await dispatcher.put(FUNCTION, SCRIPT, { image, ...size, ...places })
      await client.putObject(BUCKET, OBJECT, generated(BYTES, 'x'), BYTES)
      const [ours, plain]: [Seconds[], Seconds[]] = [[], []]
      for (let time = 0; time <= TIMES; time++) {
        ours.push(await ourSeconds(dispatcher, client))
        plain.push(await plainSeconds(dispatcher, client))
      }
      const rates = (name: string, of: keyof Seconds, megabytes: number) => {
        const rate = (all: readonly Seconds[]) => megabytes / median(all.slice(1).map((seconds) => seconds[of]))
        return figure({ name, value: rate(ours), yardstick: rate(plain), unit: 'MB/s' }, { ratioAtLeast: 0.9 })
      }
      return [
        rates('in and out again, results committed', 'both', 2 * MEGABYTES),
        rates('in alone', 'in', MEGABYTES),
        rates('out alone, not yet committed', 'out', MEGABYTES),
      ]
    }),
}

interface Seconds {
  both: number
  in: number
  out: number
}

/** From the hand-out of the attempt to its recorded success. */
async function ourSeconds(dispatcher: DispatcherProcess, client: Client): Promise<Seconds> {
  const key = `in/${randomUUID()}.bin`
  await client.copyObject(BUCKET, key, `/${BUCKET}/${OBJECT}`)
  const { tries } = await ended(dispatcher, key)
  const { startedAt, endedAt, times } = tries[0]!
  return { both: (endedAt! - startedAt) / 1000, in: times!.stageInMs / 1000, out: times!.stageOutMs / 1000 }
}

/** Of both transfers, as curl counts them. */
async function plainSeconds(dispatcher: DispatcherProcess, client: Client): Promise<Seconds> {
  const from = await client.presignedGetObject(BUCKET, OBJECT, LINK_SECONDS)
  const to = await client.presignedPutObject(BUCKET, 'plain/large.bin', LINK_SECONDS)
  const { state, message, result } = await dispatcher.invokeAndWait(FUNCTION, `${from}\n${to}\n`)
  if (state !== 'succeeded') throw new Error(`curl: ${message}`)
  const [get, put] = result!.body.trim().split(' ').map(Number)
  return { both: get! + put!, in: get!, out: put! }
}

/** Of the object with that key. */
function ended(dispatcher: DispatcherProcess, key: string) {
  const find = async () => {
    const { invocations } = await dispatcher.invocations('?limit=10')
    const found = invocations.find(({ input }) => input.kind === 'object' && input.event.key === key)
    if (found?.state === 'failed') throw new Error(`${found.cause}: ${found.message}`)
    return found?.state === 'succeeded' ? dispatcher.invocation(found.id) : undefined
  }
  return eventually(find, { timeoutMs: 120_000, everyMs: 50, what: key })
}
