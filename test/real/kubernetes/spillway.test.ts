/** The spillway with a cluster of two workers as the private side, and Lambda with the image that a deployment pushes there. */
import { join } from 'node:path'
import { busyboxRoot } from '../../support/containers/root-directories.js'
import { DispatcherProcess } from '../../support/dispatcher-process.js'
import { TOKEN } from '../../support/kubernetes-workbench.js'
import { onLambda } from '../../support/lambda/beside-lambda.js'
import { skipWhere } from '../../support/skip-where.js'
import { spillwaySuite } from '../../suites/spillway.suite.js'
import { testCluster, testNamespace } from '../cluster/test-cluster.js'
import { whyNoDerivedFunctions } from '../lambda/derived-functions.js'
import { startDerivedLambda } from '../lambda/derived-lambda.js'
import { MinioServer, whyNoMinio } from '../programs/minio.js'
import { workbench } from './workbench.js'

describe('the spillway, from a cluster to Lambda', function () {
  this.timeout(5 * 60_000)
  const cluster = testCluster({ own: true })
  const bench = workbench(cluster, testNamespace(cluster))
  let image: string

  skipWhere(() => whyNoMinio() ?? whyNoDerivedFunctions())
  before(async () => {
    image = await bench().image('busybox', busyboxRoot, { WorkingDir: '/tmp/work' })
  })
  after(() => cluster().uncordon())

  spillwaySuite({
    home: 'kubernetes',
    token: TOKEN,
    minio: () => MinioServer.start({ host: cluster().facts.gatewayAddress }),
    lambda: ({ name, script, spec }) => startDerivedLambda({ image, name, script, spec }),
    start: async ({ directory, lake, environment }) => {
      const config = await bench().config({ maxWorkers: 2, keepAlive: 20 }, { lease: 6, heartbeat: 2 })
      return DispatcherProcess.start({
        directory: join(directory, 'dispatcher'),
        config: { ...config, storage: { lake }, backends: { ...Object(config.backends), lambda: onLambda() } },
        token: TOKEN,
        environment: { ...environment, KUBECONFIG: cluster().facts.kubeconfig },
      })
    },
    spec: () => ({ image, memorySize: 256, cpu: 0.4, kubernetes: { ephemeralStorageSize: 64 } }),
    closing: { close: () => cluster().cordon(), open: () => cluster().uncordon() },
  })
})
