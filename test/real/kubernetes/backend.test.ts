/** The Kubernetes back-end on a real cluster: the suite of back-ends, and which pods run what. */
import assert from 'node:assert/strict'
import { busyboxRoot } from '../../support/containers/root-directories.js'
import { backendSuite } from '../../suites/backend.suite.js'
import { Cluster } from '../cluster/cluster.js'
import { testCluster, testNamespace } from '../cluster/test-cluster.js'
import { killSupervisors, workbench } from './workbench.js'

const SPEC = { memorySize: 128, cpu: 0.4, ephemeralStorageSize: 64 }
const FUNCTION = 'p-dev-f'

/** Its machines are left alone. */
const isForeign = Cluster.fromEnvironment()?.isOwn === false

describe('kubernetes back-end on a cluster', function () {
  this.timeout(120_000)
  const cluster = testCluster()
  const bench = workbench(cluster, testNamespace(cluster))
  const spec: Record<string, unknown> = { ...SPEC }
  before(async () => (spec.image = await bench().image('busybox', busyboxRoot, { WorkingDir: '/tmp/work' })))

  backendSuite({
    name: 'kubernetes',
    start: () => bench().start({ maxWorkers: 2 }, { lease: 4, heartbeat: 0.5 }),
    spec,
    signals: () => bench().signals,
    killWorker: () => killSupervisors(cluster()),
    unsupported: isForeign ? { crash: 'needs a cluster that the tests made' } : {},
  })

  /** The pods that ran two invocations, the second begun when the first had ended. */
  async function podsOfTwo(isolation: 'fresh' | 'reuse'): Promise<string[]> {
    const dispatcher = await bench().start()
    await dispatcher.put(FUNCTION, '#!/bin/sh\nhostname\n', { ...spec, isolation })
    const pods: string[] = []
    for (let time = 0; time < 2; time++) {
      const { result, message } = await dispatcher.invokeAndWait(FUNCTION)
      pods.push(result?.body.trim() ?? assert.fail(message))
    }
    const all = await bench().pods()
    for (const pod of pods) assert.ok(all.includes(pod), `${pod} is none of ${all.join(', ')}`)
    return pods
  }

  it('gives every attempt a pod of its own where isolation is fresh', async () => {
    const [first, second] = await podsOfTwo('fresh')
    assert.notEqual(first, second)
  })

  it('gives the next attempt to the same pod where it is not', async () => {
    const [first, second] = await podsOfTwo('reuse')
    assert.equal(first, second)
  })
})
