/** A dispatcher with the Kubernetes back-end for a benchmark, on the cluster of the tests. Without one there are no figures. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { BackendStatus } from '../../runtime/contract/dispatcher-api.js'
import { Cluster } from '../real/cluster/cluster.js'
import { ADDRESSES } from '../real/cluster/place.js'
import { RegistryServer, whyNoRegistry } from '../real/programs/registry.js'
import { DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { makeWorkbench, type Workbench } from '../support/kubernetes-workbench.js'
import { skipped, type Figure } from './figure.js'
import { withDirectory } from './with-dispatcher.js'

export interface OnCluster {
  bench: Workbench
  start: Workbench['start']
}

/** Whoever wants these figures runs the benchmark inside the cluster's network. */
const HOW = 'npx tsx test/real/cluster/main.ts run -- npx tsx test/bench/main.ts kubernetes-start'

export async function onCluster(measure: (on: OnCluster) => Promise<Figure[]>): Promise<Figure[]> {
  const cluster = Cluster.fromEnvironment()
  if (!cluster?.isOwn) return skipped(`there is no cluster of the tests (${HOW})`)
  const why = whyNoRegistry()
  if (why !== undefined) return skipped(why)
  const registry = await RegistryServer.start({ host: '0.0.0.0', port: ADDRESSES.registryPort })
  const namespace = `bench-${randomUUID().slice(0, 8)}`
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  try {
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } })
    return await withDirectory((directory) => measured({ directory, cluster, namespace }, measure))
  } finally {
    await cluster.kubectl('delete', 'namespace', namespace, '--wait=false', '--ignore-not-found')
    await registry.stop()
  }
}

async function measured(
  { directory, cluster, namespace }: { directory: string; cluster: Cluster; namespace: string },
  measure: (on: OnCluster) => Promise<Figure[]>,
): Promise<Figure[]> {
  const started: DispatcherProcess[] = []
  const state = join(directory, 'dispatcher')
  const start = async (options: object) => {
    const dispatcher = await DispatcherProcess.start({ directory: state, ...options })
    started.push(dispatcher)
    return dispatcher
  }
  const bench = makeWorkbench({ directory: () => state, cache: directory, cluster, namespace, start })
  await bench.signals.open()
  try {
    return await measure({ bench, start: bench.start })
  } finally {
    for (const dispatcher of started) await dispatcher.stop()
    bench.signals.close()
  }
}

/** Nothing is left of any Job: what has ended would stay for two minutes. */
export async function cleared(bench: Workbench): Promise<void> {
  await bench.kubectl('delete', 'jobs', '--all', '--wait=false')
  await bench.empty()
}

/** Resolves when the dispatcher has none, and none on its way up. */
export async function noWorkers(dispatcher: DispatcherProcess): Promise<void> {
  const count = async () => {
    const { body } = await dispatcher.call<{ backends: BackendStatus[] }>('GET', '/v1/backends')
    return body.backends.reduce((sum, { workers, pending = 0 }) => sum + workers + pending, 0)
  }
  await eventually(async () => (await count()) === 0, { timeoutMs: 30_000, what: 'the end of all workers' })
}
