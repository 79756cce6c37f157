/** The groups of suites: those of the machine, and those inside a Kubernetes cluster. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CACHE } from './cache.js'
import { placeOf, type ClusterFacts, type ClusterPlace } from './cluster/place.js'
import { clusterLacks } from './cluster/requirements.js'
import { runInCluster } from './cluster/run-in-cluster.js'
import { down, up } from './cluster/up.js'
import { runToEnd } from './run-to-end.js'

const REPOSITORY = resolve(__dirname, '../..')

/** Each group has a cluster of its own, and all its tests share it. */
const ON_CLUSTERS = [
  { place: placeOf('test'), files: 'test/real/kubernetes/**/*.test.ts' },
  { place: placeOf('test-volumes', { imageVolumes: true }), files: 'test/real/image-volumes/**/*.test.ts' },
]
const ALL_ON_CLUSTERS = ON_CLUSTERS.map(({ files }) => files)
const ON_MACHINE = ['test/real/**/*.test.ts', ...ALL_ON_CLUSTERS.flatMap((files) => ['--ignore', files])]
/** With every command line interface; they run side by side, as in `npm test`. */
const OF_PLUGIN = ['--parallel', '--jobs', '2', 'test/plugin/**/*.test.ts']

const ENVIRONMENT = { SPILLWAY_CACHE: CACHE, SPILLWAY_TEST_CLIS: CACHE, SPILLWAY_REAL: '1' }

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const mocha = (...words: string[]) => [join(REPOSITORY, 'node_modules/.bin/mocha'), '--timeout', '120000', ...words]

/** Resolves to an exit code. */
type Run = () => Promise<number>

/** One after the other; none throws for a test that fails. */
export const suites = (): Run[] => [
  () => runHere(mocha(...OF_PLUGIN)),
  () => runHere(mocha(...ON_MACHINE)),
  ...clusterSuites(),
]

/**
 * On clusters made for it, or the one of SPILLWAY_TEST_KUBECONFIG; where none can be, the suites skip themselves. On a cluster
 * of somebody else the suites run that leave its machines alone: back-end, runtime contract, images. They need kubectl on PATH,
 * in SPILLWAY_TEST_REGISTRY a registry from which its nodes pull and to which this machine may push (signed in as `docker
 * login` does), and, where pods reach this machine by another address than its first, that in SPILLWAY_TEST_ADDRESS.
 */
function clusterSuites(): Run[] {
  const kubeconfig = process.env.SPILLWAY_TEST_KUBECONFIG
  if (kubeconfig) return [() => onForeignCluster(foreignCluster(kubeconfig))]
  const lacks = clusterLacks()
  if (lacks === undefined)
    return ON_CLUSTERS.map(
      ({ place, files }) =>
        () =>
          onOwnCluster(place, files),
    )
  say(`no cluster can run here: ${lacks}`)
  return [() => runHere(mocha(...ALL_ON_CLUSTERS))]
}

/** What a killed run left behind is removed first. */
async function onOwnCluster(place: ClusterPlace, files: string): Promise<number> {
  await down(place)
  try {
    await up(place, say)
    return await runInCluster(place, mocha(files), ENVIRONMENT)
  } finally {
    await down(place)
  }
}

async function onForeignCluster(facts: ClusterFacts): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'spillway-cluster-'))
  const file = join(directory, 'cluster.json')
  writeFileSync(file, JSON.stringify(facts))
  try {
    return await runHere(mocha(...ALL_ON_CLUSTERS), { SPILLWAY_TEST_CLUSTER: file })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function foreignCluster(kubeconfig: string): ClusterFacts {
  const registry = process.env.SPILLWAY_TEST_REGISTRY
  return { kubeconfig, gatewayAddress: addressOfThisMachine(), ...(registry ? { registry } : {}) }
}

/** At which the pods of a foreign cluster reach this machine. */
function addressOfThisMachine(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const own = all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address
  return process.env.SPILLWAY_TEST_ADDRESS ?? own ?? '127.0.0.1'
}

function runHere([command, ...words]: string[], environment: Record<string, string> = {}): Promise<number> {
  const env = { ...process.env, ...ENVIRONMENT, ...environment }
  return runToEnd(spawn(command!, words, { cwd: REPOSITORY, stdio: 'inherit', env }))
}
