/** What suites on the cluster begin with. */
import { randomUUID } from 'node:crypto'
import { Cluster } from './cluster.js'

/** Call inside `describe`: the cluster of this run. Without one, or without one of our own where that is needed, the suite is skipped. */
export function testCluster({ own = false } = {}): () => Cluster {
  const cluster = Cluster.fromEnvironment()
  before(function () {
    if (cluster && (!own || cluster.isOwn)) return
    const reason = cluster ? 'needs a cluster that the tests made' : 'there is no cluster (npm run test:real says why)'
    process.stdout.write(`    skipped: ${reason}\n`)
    this.skip()
  })
  return () => cluster!
}

/** Call inside `describe`: a namespace for its tests that lets in only pods of that Pod Security level. */
export function testNamespace(cluster: () => Cluster, level: 'restricted' | 'baseline' | 'privileged' = 'restricted') {
  const name = `test-${randomUUID().slice(0, 8)}`
  const labels = { 'pod-security.kubernetes.io/enforce': level }
  let isMade = false
  before(async () => {
    await cluster().apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
    isMade = true
  })
  after(async () => {
    if (isMade) await cluster().kubectl('delete', 'namespace', name, '--wait=false')
  })
  return name
}
