/** `npm run bench -- [NAME ...] [--json]`: each figure beside its yardstick; exit code 1 when one misses its bar. */
import { parseArgs } from 'node:util'
import { accepts } from './accepts.js'
import { decide } from './decide.js'
import { deriveImage } from './derive-image.js'
import type { Bench } from './figure.js'
import { kubernetesFiles } from './kubernetes-files.js'
import { kubernetesLatency } from './kubernetes-latency.js'
import { kubernetesStart } from './kubernetes-start.js'
import { kubernetesTransfer } from './kubernetes-transfer.js'
import { kubernetesUpload } from './kubernetes-upload.js'
import { lambda } from './lambda.js'
import { latency } from './latency.js'
import { memory } from './memory.js'
import { policies } from './policies.js'
import { printOverhead } from './print-overhead.js'
import { queue } from './queue.js'
import { complaint, heading, runBenches } from './run-benches.js'
import { simulator } from './simulator.js'
import { smallFiles } from './small-files.js'
import { throughput } from './throughput.js'

const BENCHES: readonly Bench[] = [
  accepts,
  throughput,
  latency,
  queue,
  decide,
  simulator,
  policies,
  memory,
  smallFiles,
  printOverhead,
  deriveImage,
  lambda,
  kubernetesStart,
  kubernetesLatency,
  kubernetesFiles,
  kubernetesUpload,
  kubernetesTransfer,
]

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, list: { type: 'boolean' } },
  })
  const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name))
  if (unknown.length > 0)
    throw new Error(`no benchmark ${unknown.join(', ')}; there are ${BENCHES.map(({ name }) => name).join(', ')}`)
  const chosen = BENCHES.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  if (values.list) return void process.stdout.write(chosen.map(heading).join(''))
  const write = (text: string) => void process.stdout.write(text)
  const missed = await runBenches({ benches: chosen, json: values.json ?? false, write })
  if (missed.length === 0) return
  process.stderr.write(complaint(missed))
  process.exitCode = 1
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`)
  process.exitCode = 1
})
