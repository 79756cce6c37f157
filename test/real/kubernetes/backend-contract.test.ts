/**
 * The runtime contract in pods: section 3, line by line, through a real dispatcher, a real kubelet and real images. Its lines
 * are scripts; what an image without a shell does is in `backend-images`.
 */
import type { ImageConfig } from '../../support/containers/oci-image.js'
import { busyboxRoot, glibcRoot } from '../../support/containers/root-directories.js'
import { startDispatcherRuntime } from '../../support/containers/dispatcher-runtime.js'
import { runtimeContractSuite } from '../../suites/runtime-contract.suite.js'
import { TOKEN } from '../../support/kubernetes-workbench.js'
import { testCluster, testNamespace } from '../cluster/test-cluster.js'
import { workbench } from './workbench.js'

interface Variant {
  name: string
  fill?: (root: string) => void
  config?: ImageConfig
  spec?: Record<string, unknown>
  /** What Pod Security lets in. */
  level?: 'restricted' | 'baseline'
}

const VARIANTS: readonly Variant[] = [
  { name: 'busybox' },
  { name: 'busybox, in workers that are used again', spec: { isolation: 'reuse' } },
  { name: 'Debian with Python', fill: glibcRoot },
  {
    name: 'ENTRYPOINT, WORKDIR and USER',
    config: { Entrypoint: ['/bin/false'], WorkingDir: '/tmp/a/b', User: '77:77' },
  },
  { name: 'as root', spec: { kubernetes: { allowRoot: true } }, level: 'baseline' },
]

describe('runtime contract on a cluster', function () {
  this.timeout(120_000)
  const cluster = testCluster()

  for (const { name, fill = busyboxRoot, config, spec, level = 'restricted' } of VARIANTS)
    describe(name, () => {
      const bench = workbench(cluster, testNamespace(cluster, level))
      runtimeContractSuite({
        name: `kubernetes, ${name}`,
        start: async () => {
          // Anybody may write to the WORKDIR, and what is left there goes with the pod.
          const image = await bench().image('contract', fill, { WorkingDir: '/tmp/work', ...config })
          return startDispatcherRuntime({
            spec: { image, memorySize: 256, cpu: 0.5, ephemeralStorageSize: 64, isolation: 'fresh', ...spec },
            config: await bench().config({ maxWorkers: 4 }),
            environment: { KUBECONFIG: cluster().facts.kubeconfig },
            token: TOKEN,
            backend: 'kubernetes',
          })
        },
      })
    })
})
