/** The back-end where pods may mount images: the third way of the runtime kit. */
import assert from 'node:assert/strict'
import type { BackendStatus } from '../../../runtime/contract/dispatcher-api.js'
import { busyboxRoot, staticRoot } from '../../support/containers/root-directories.js'
import type { DispatcherProcess } from '../../support/dispatcher-process.js'
import { testCluster, testNamespace } from '../cluster/test-cluster.js'
import { workbench } from '../kubernetes/workbench.js'

const SIZE = { memorySize: 256, cpu: 0.5, ephemeralStorageSize: 64, retries: { attempts: 1 } }
const FUNCTION = 'v-dev-f'

describe('functions on a cluster with image volumes', function () {
  this.timeout(120_000)
  const cluster = testCluster({ own: true })
  const namespace = testNamespace(cluster)
  const bench = workbench(cluster, namespace)

  /** The version of the tests' cluster has them only because it is told to: so it is told here too. */
  const start = async () =>
    bench().start({ registry: undefined, kit: 'image-volume', kitImage: await bench().kitImage() })
  const run = async (dispatcher: DispatcherProcess, spec: Record<string, unknown>) => {
    const answer = await dispatcher.json('PUT', `/v1/functions/${FUNCTION}`, { spec: { ...SIZE, ...spec } })
    assert.ok(answer.status < 300, JSON.stringify(answer.body))
    return dispatcher.invokeAndWait(FUNCTION, 'flower')
  }

  it('mounts the kit, to be read only, and says so', async () => {
    const image = await bench().image('busybox', busyboxRoot, { WorkingDir: '/tmp/work' })
    const dispatcher = await start()
    const line = 'pwd; ls /mnt/kit/opt/spillway; touch /mnt/kit/x 2>/dev/null || echo sealed; cat'
    const record = await run(dispatcher, { image, command: ['/bin/sh', '-c', line] })
    assert.equal(record.result?.body, '/tmp/work\nbin\nlib\nsupervisor.cjs\nsealed\nflower', record.message)
    const [pod] = await cluster()
      .kubectlJson<Pods>('get', 'pods', '--namespace', namespace)
      .then(({ items }) => items)
    assert.deepEqual(
      [pod!.spec.initContainers, pod!.spec.volumes.map(({ name }) => name)],
      [undefined, ['scratch', 'kit']],
    )
    const { body } = await dispatcher.call<{ backends: BackendStatus[] }>('GET', '/v1/backends')
    assert.match(body.backends[0]!.notes[1]!, /^the runtime kit comes by an image volume/)
  })

  it('runs in an image that has no shell and no libc', async () => {
    const image = await bench().image('static', staticRoot)
    const record = await run(await start(), { image, command: ['/bin/tell'], output: 'here://out/' })
    assert.equal(record.state, 'succeeded', record.message)
    assert.match(record.result?.body ?? '', /^FLOWER$/m)
  })
})

interface Pods {
  items: { spec: { initContainers?: object[]; volumes: { name: string }[] } }[]
}
