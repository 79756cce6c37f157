/** A large file MinIO -> pod -> MinIO; beside a plain HTTP GET and PUT of the same object, in the same pod. */
import type { Client } from 'minio'
import type { EventsAnswer } from '../../runtime/contract/dispatcher-api.js'
import { glibcRoot, placeLinked } from '../support/containers/root-directories.js'
import type { DispatcherProcess } from '../support/dispatcher-process.js'
import { objectNotice } from '../support/object-notice.js'
import { generated } from '../support/streams.js'
import { figure, median, type Bench } from './figure.js'
import { onMinio } from './on-minio.js'

const MEGABYTES = 500
const BYTES = MEGABYTES * 1024 ** 2
const TIMES = 6
const BUCKET = 'bench'
const FUNCTION = 'bench-dev-transfer'
const OBJECT = 'in/large.bin'
const LINK_SECONDS = 3600
const NS_PER_MS = 1_000_000n

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
      // MinIO reports it: the first attempt gets the image onto the node.
      await client.putObject(BUCKET, OBJECT, generated(BYTES, 'x'), BYTES)
      await dispatcher.allEnded(1, 120_000)
      const [ours, plain]: [Seconds[], Seconds[]] = [[], []]
      const measureOurs = async () => ours.push(await ourSeconds(dispatcher))
      const measurePlain = async () => plain.push(await plainSeconds(dispatcher, client))
      for (let time = 0; time < TIMES; time++) {
        const turns = [measureOurs, measurePlain]
        for (const measure of time % 2 === 0 ? turns : turns.toReversed()) await measure()
      }
      const rates = (name: string, of: keyof Seconds, megabytes: number) => {
        const rate = (all: readonly Seconds[]) => megabytes / median(all.map((seconds) => seconds[of]))
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

/** From the hand-out of the attempt to its recorded success, when MinIO reports the object once more. */
async function ourSeconds(dispatcher: DispatcherProcess): Promise<Seconds> {
  const sequencer = (BigInt(Date.now()) * NS_PER_MS).toString(16)
  const notice = objectNotice(BUCKET, OBJECT, { size: BYTES, sequencer })
  const { body } = await dispatcher.json<EventsAnswer>('POST', '/v1/events', notice)
  const { state, message, tries } = await dispatcher.invocation(body.accepted[0]!, '?wait=60s')
  if (state !== 'succeeded') throw new Error(`${state}: ${message}`)
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
