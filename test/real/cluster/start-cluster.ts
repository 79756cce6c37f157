/** The story of a cluster's start. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../../support/eventually.js'
import { startApiServer } from './api-server.js'
import { writeCertificates } from './certificates.js'
import { startContainerd } from './containerd.js'
import { createControlGroup } from './control-group.js'
import { startControllers, startScheduler, startServiceProxy } from './controllers.js'
import { startEtcd } from './etcd.js'
import { ctr, makePauseImage } from './images.js'
import { factsOf, kubectl } from './kubectl.js'
import { writeKubeconfigs } from './kubeconfig.js'
import { startKubelet } from './kubelet.js'
import { createNetwork } from './network.js'
import { factsFile, type ClusterPlace } from './place.js'
import { sweep } from './sweep.js'

/** Resolves when the node is ready and pods can be created. What an earlier cluster of that name left is removed first. */
export async function startCluster(place: ClusterPlace): Promise<void> {
  await sweep(place)
  try {
    await start(place)
    writeFileSync(factsFile(place), JSON.stringify(factsOf(place), undefined, 2))
  } catch (error) {
    const words = lastWords(place)
    await sweep(place)
    throw new Error(`the cluster ${place.name} did not start: ${String(error)}\n${words}`, { cause: error })
  }
}

async function start(place: ClusterPlace): Promise<void> {
  mkdirSync(place.directory, { recursive: true })
  createControlGroup(place.controlGroup)
  await createNetwork(place)
  startContainerd(place)
  startEtcd(place)
  writeCertificates(place)
  writeKubeconfigs(place)
  startApiServer(place)
  await containerdAnswers(place)
  await makePauseImage(place)
  await apiServerAnswers(place)
  for (const begin of [startKubelet, startControllers, startScheduler, startServiceProxy]) begin(place)
  await podsCanStart(place)
}

const ask = (place: ClusterPlace, ...words: string[]) => kubectl(factsOf(place), words)

const containerdAnswers = (place: ClusterPlace) =>
  eventually(() => ctr(place, 'version'), { timeoutMs: 30_000, everyMs: 100, what: 'containerd' })

/** Also after it was stopped and started again. */
export const apiServerAnswers = (place: ClusterPlace): Promise<string> =>
  eventually(() => ask(place, 'get', '--raw=/readyz'), { timeoutMs: 120_000, everyMs: 200, what: 'the API server' })

const START = { timeoutMs: 120_000, everyMs: 200 }

async function podsCanStart(place: ClusterPlace): Promise<void> {
  await nodeIsReady(place)
  await eventually(() => ask(place, 'get', 'serviceaccount', 'default'), { ...START, what: 'a service account' })
}

/** Also after its kubelet was stopped and started again. */
export const nodeIsReady = (place: ClusterPlace): Promise<string> => {
  const words = ['wait', '--for=condition=Ready', `node/${place.nodeName}`, '--timeout=30s']
  return eventually(() => ask(place, ...words), { ...START, what: 'the node' })
}

/** The ends of all logs, as the logs go with the cluster. */
function lastWords({ directory }: ClusterPlace): string {
  const logs = join(directory, 'logs')
  if (!existsSync(logs)) return ''
  return readdirSync(logs)
    .map((name) => `== ${name}\n${readFileSync(join(logs, name), 'utf8').split('\n').slice(-8).join('\n')}`)
    .join('\n')
}
