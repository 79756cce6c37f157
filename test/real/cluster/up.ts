/** Brings a cluster up and takes it down again: for the developer's command line and for `npm run test:real`. */
import { existsSync } from 'node:fs'
import { buildPrograms } from './build.js'
import { factsOf, kubectl } from './kubectl.js'
import { withLock } from './lock.js'
import { factsFile, type ClusterPlace } from './place.js'
import { clusterLacks } from './requirements.js'
import { startCluster } from './start-cluster.js'
import { sweep } from './sweep.js'

/** Leaves a cluster that is up as it is. */
export async function up(place: ClusterPlace, say: (line: string) => void): Promise<void> {
  const lacks = clusterLacks()
  if (lacks !== undefined) throw new Error(`no cluster can run here: ${lacks}`)
  buildPrograms(place, say)
  await withLock(place, async () => {
    if (await isUp(place)) return say(`the cluster ${place.name} is up`)
    const begin = Date.now()
    await startCluster(place)
    say(`the cluster ${place.name} is up, after ${((Date.now() - begin) / 1000).toFixed(1)} s`)
  })
}

export const down = (place: ClusterPlace): Promise<void> => withLock(place, () => sweep(place))

async function isUp(place: ClusterPlace): Promise<boolean> {
  if (!existsSync(factsFile(place))) return false
  const node = ['wait', '--for=condition=Ready', `node/${place.nodeName}`, '--timeout=5s']
  return kubectl(factsOf(place), node, { timeoutMs: 10_000 }).then(
    () => true,
    () => false,
  )
}
