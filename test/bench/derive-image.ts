/** A derived image through a registry of this machine: the first time, again, and from another registry. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Registry } from '../../dispatcher/images/registry/registry.js'
import { RegistryServer, whyNoRegistry } from '../real/programs/registry.js'
import { REPOSITORY } from '../support/dispatcher-process.js'
import { makeImage } from '../support/registry-image.js'
import { figure, median, skipped, type Bench, type Figure } from './figure.js'
import { withDirectory } from './with-dispatcher.js'

const LAYERS = 10
const LAYER_BYTES = 50 * 1024 ** 2
const TIMES = 5

export const deriveImage: Bench = {
  name: 'derive-image',
  about: `the runtime kit on top of an image of ${(LAYERS * LAYER_BYTES) / 1024 ** 2} MB that is in the registry already`,
  run: () => {
    const why = whyNoRegistry()
    return why === undefined ? withDirectory(measure) : Promise.resolve(skipped(why))
  },
}

async function measure(directory: string): Promise<Figure[]> {
  const [registry, another] = [await RegistryServer.start(), await RegistryServer.start()]
  try {
    await pushBase(registry.host)
    const run = (cache: string, name: string, host = registry.host) =>
      derive({ cacheDirectory: join(directory, cache), base: `${registry.host}/base:1`, repository: `${host}/${name}` })
    const cold = run('cache', 'cold')
    const first = Array.from({ length: TIMES }, (_, time) => run('cache', `first-${time}`))
    const unchanged = Array.from({ length: TIMES }, () => run('cache', 'cold'))
    const copied = run('cache', 'copied', another.host)
    const most = Math.max(...[cold, ...first, ...unchanged, copied].map(({ mebibytes }) => mebibytes))
    const seconds = (runs: Run[]) => median(runs.map((one) => one.seconds))
    const gzip = secondsOf(() => execFileSync('gzip', ['-5c', process.execPath], { maxBuffer: 2 ** 30 }))
    return [
      figure({ name: 'first time', value: seconds(first), unit: 's' }, { atMost: 2 }),
      figure({ name: 'unchanged, in a new process', value: seconds(unchanged), unit: 's' }, { atMost: 0.3 }),
      figure(
        { name: 'first kit of the machine, beside gzip of node', value: cold.seconds, unit: 's', yardstick: gzip },
        { ratioAtMost: 2.5 },
      ),
      figure({ name: 'peak memory, layers copied between registries too', value: most, unit: 'MiB' }, { atMost: 150 }),
    ]
  } finally {
    await Promise.all([registry.stop(), another.stop()])
  }
}

/** Layers of noise: none of them gets smaller. */
async function pushBase(host: string): Promise<void> {
  const registry = new Registry({ registry: host, credentials: [], now: Date.now })
  const layers = Array.from({ length: LAYERS }, () => randomBytes(LAYER_BYTES))
  await makeImage({ registry, repository: 'base', tag: '1', layers })
}

interface Run {
  seconds: number
  mebibytes: number
}

/** In a process of its own, as it is built: nothing else counts. */
function derive(request: { cacheDirectory: string; base: string; repository: string }): Run {
  const output = execFileSync(process.execPath, ['-e', PROGRAM, JSON.stringify(request), join(REPOSITORY, 'dist')], {
    encoding: 'utf8',
  })
  return JSON.parse(output) as Run
}

const PROGRAM = `
  const [request, dist] = process.argv.slice(1)
  const { cacheDirectory, base, repository } = JSON.parse(request)
  const { openImages } = require(dist + '/dispatcher/images/open-images.js')
  const images = openImages({
    cacheDirectory, node: process.execPath, supervisor: dist + '/runtime/supervisor.cjs', credentials: [], now: Date.now
  })
  const started = process.hrtime.bigint()
  images.deriveImage({ base, layers: ['kit'], repository }).then(() => {
    const seconds = Number(process.hrtime.bigint() - started) / 1e9
    const status = require('node:fs').readFileSync('/proc/self/status', 'utf8')
    process.stdout.write(JSON.stringify({ seconds, mebibytes: Number(/VmHWM:\\s+(\\d+)/.exec(status)[1]) / 1024 }))
  })
`

function secondsOf(work: () => unknown): number {
  const started = process.hrtime.bigint()
  work()
  return Number(process.hrtime.bigint() - started) / 1e9
}
