/** A workbench for the suites of one file. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dispatchers } from '../../support/dispatcher-process.js'
import { makeWorkbench, type Workbench } from '../../support/kubernetes-workbench.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'
import type { Cluster } from '../cluster/cluster.js'
import { ADDRESSES } from '../cluster/place.js'
import { RegistryServer, whyNoRegistry } from '../programs/registry.js'

/** Call inside `describe`, after `testCluster` and `testNamespace`. */
export function workbench(cluster: () => Cluster, namespace: string): () => Workbench {
  const directory = temporaryDirectory()
  const startIn = dispatchers(directory)
  let registry: RegistryServer | undefined
  let made: Workbench | undefined
  let cache: string | undefined

  before(async function () {
    const { isOwn, facts } = cluster()
    const why = isOwn ? whyNoRegistry() : facts.registry ? undefined : 'needs SPILLWAY_TEST_REGISTRY'
    if (why !== undefined) {
      process.stdout.write(`    skipped: ${why}\n`)
      return this.skip()
    }
    if (isOwn) registry = await RegistryServer.start({ host: '0.0.0.0', port: ADDRESSES.registryPort })
    cache = mkdtempSync(join(tmpdir(), 'spillway-images-'))
    made = makeWorkbench({ directory, cache, cluster: cluster(), namespace, start: startIn })
    await made.signals.open()
  })
  beforeEach(() => made?.signals.forget())
  afterEach(async () => {
    await made?.kubectl('delete', 'jobs', '--all', '--wait=false')
    await made?.empty()
  })
  after(async () => {
    made?.signals.close()
    await registry?.stop()
    if (cache) rmSync(cache, { recursive: true, force: true })
  })
  return () => made!
}

/** Kills the supervisors of this cluster's pods, as a crash would. */
export async function killSupervisors(cluster: Cluster): Promise<void> {
  const line = `for p in /proc/[0-9]*; do
    grep -qs '/${cluster.place.controlGroup}/' $p/cgroup || continue
    tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -q '^/opt/spillway/.*supervisor.cjs' && kill -KILL "\${p#/proc/}"
  done; true`
  await cluster.run(['sh', '-c', line])
}
