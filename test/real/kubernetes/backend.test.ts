/** The Kubernetes back-end on a real cluster: the suite of back-ends. */
import { busyboxRoot } from '../../support/containers/root-directories.js'
import { backendSuite } from '../../suites/backend.suite.js'
import { testCluster, testNamespace } from '../cluster/test-cluster.js'
import { killSupervisors, workbench } from './workbench.js'

const SPEC = { memorySize: 128, cpu: 0.4, ephemeralStorageSize: 64 }

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
  })
})
