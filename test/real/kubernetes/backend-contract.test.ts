/** The runtime contract in pods: section 3, line by line, through a real dispatcher, a real kubelet and real images. */
import { busyboxRoot, glibcRoot } from '../../support/containers/root-directories.js'
import { startDispatcherRuntime } from '../../support/containers/dispatcher-runtime.js'
import { runtimeContractSuite } from '../../suites/runtime-contract.suite.js'
import { TOKEN } from '../../support/kubernetes-workbench.js'
import { testCluster, testNamespace } from '../cluster/test-cluster.js'
import { workbench } from './workbench.js'

const IMAGES = { busybox: busyboxRoot, 'Debian with Python': glibcRoot }

describe('runtime contract on a cluster', function () {
  this.timeout(120_000)
  const cluster = testCluster()
  const bench = workbench(cluster, testNamespace(cluster))

  for (const [name, fill] of Object.entries(IMAGES))
    runtimeContractSuite({
      name: `kubernetes, ${name}`,
      start: async () => {
        // Anybody may write to the WORKDIR, and what is left there goes with the pod.
        const image = await bench().image(fill.name.toLowerCase(), fill, { WorkingDir: '/tmp/work' })
        return startDispatcherRuntime({
          spec: { image, memorySize: 256, cpu: 0.5, ephemeralStorageSize: 64, isolation: 'fresh' },
          config: await bench().config({ maxWorkers: 4 }),
          environment: { KUBECONFIG: cluster().facts.kubeconfig },
          token: TOKEN,
          backend: 'kubernetes',
        })
      },
    })
})
