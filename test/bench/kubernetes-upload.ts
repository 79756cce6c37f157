/** A file is put into MinIO -> its result is there: with a worker that waits, and with none. */
import { randomBytes } from 'node:crypto'
import type { Client } from 'minio'
import { busyboxRoot } from '../support/containers/root-directories.js'
import { eventually } from '../support/eventually.js'
import { cleared, noWorkers } from './on-cluster.js'
import { figure, median, type Bench } from './figure.js'
import { onMinio, type OnMinio } from './on-minio.js'

const WARM = 60
const FROM_ZERO = 7
const FILE_BYTES = 5000
const BUCKET = 'bench'
const SCRIPT = '#!/bin/sh\ncp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR"\n'

export const kubernetesUpload: Bench = {
  name: 'kubernetes-upload',
  about: `a file of ${FILE_BYTES / 1000} kB put into MinIO -> its result there, one at a time: ${WARM} warm, ${FROM_ZERO} from zero`,
  run: () =>
    onMinio(async (on) => {
      const image = await on.bench.image('busybox', busyboxRoot, { WorkingDir: '/tmp/work' })
      const warm = await times(on, { image, keepAlive: 60, count: WARM })
      const zero = await times(on, { image, keepAlive: 0.1, count: FROM_ZERO })
      return [
        figure({ name: 'upload to result, warm worker, p50', value: median(warm), unit: 'ms' }, { atMost: 150 }),
        figure({ name: 'upload to result, from zero, p50', value: median(zero), unit: 'ms' }, { atMost: 2000 }),
      ]
    }),
}

interface Times {
  image: string
  keepAlive: number
  count: number
}

/** Milliseconds each; the first one gets the image onto the node. */
async function times({ bench, client, start }: OnMinio, { image, keepAlive, count }: Times): Promise<number[]> {
  const dispatcher = await start({ keepAlive })
  const places = { input: `lake://${BUCKET}/in/`, output: `lake://${BUCKET}/out/` }
  await dispatcher.put('bench-dev-upload', SCRIPT, { image, cpu: 0.5, memorySize: 256, concurrency: 1, ...places })
  const taken: number[] = []
  for (let index = 0; index <= count; index++) {
    taken.push(await timed(client, `${keepAlive}-${index}`))
    if (keepAlive >= 1) continue
    await noWorkers(dispatcher)
    await cleared(bench)
  }
  await dispatcher.stop()
  await cleared(bench)
  return taken.slice(1)
}

async function timed(client: Client, name: string): Promise<number> {
  const content = randomBytes(FILE_BYTES)
  const begin = performance.now()
  await client.putObject(BUCKET, `in/${name}`, content)
  await eventually(() => client.statObject(BUCKET, `out/${name}`), { timeoutMs: 60_000, everyMs: 4, what: name })
  return performance.now() - begin
}
