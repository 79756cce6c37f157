/** The cluster of the tests is what the other suites take it for. */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { busyboxRoot } from '../../support/containers/root-directories.js'
import { ADDRESSES } from '../cluster/place.js'
import { testCluster, testNamespace } from '../cluster/test-cluster.js'
import { offerVolume } from '../cluster/volumes.js'
import { RegistryServer, whyNoRegistry } from '../programs/registry.js'
import { BUSYBOX, job, logOf, restrictedPod, runJob } from '../cluster/jobs.js'

interface Pod {
  status: { podIP?: string; phase: string }
}

describe('the cluster of the tests', function () {
  this.timeout(60_000)
  const cluster = testCluster({ own: true })
  const namespace = testNamespace(cluster)

  before(async () => {
    await cluster().makeImage({ reference: BUSYBOX, fill: busyboxRoot })
  })

  it('has one node, with the processors of this machine', async () => {
    const { items } = await cluster().kubectlJson<{ items: { status: { capacity: { cpu: string } } }[] }>(
      'get',
      'nodes',
    )
    assert.deepEqual(
      items.map(({ status }) => status.capacity.cpu),
      [String(cpus().length)],
    )
  })

  it('runs a Job under Pod Security "restricted", whose log can be read', async () => {
    assert.equal(await runJob(cluster(), { namespace, name: 'plain', line: 'echo "I am $(id -u)"' }), 'I am 1000\n')
  })

  it('refuses a pod that may be root', async () => {
    const pod = { ...restrictedPod({ namespace, name: 'root', line: 'true' }), securityContext: {} }
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name: 'root' }, spec: pod }
    await assert.rejects(cluster().apply(object), /violates PodSecurity "restricted:latest".*runAsNonRoot/)
  })

  it("lets a pod reach what a test listens on at the gateway's address", async () => {
    const server = createServer((_, answer) => answer.end('hello from the test'))
    await new Promise<void>((done) => server.listen(0, '0.0.0.0', done))
    try {
      const { port } = server.address() as AddressInfo
      const line = `wget -q -O - http://${cluster().facts.gatewayAddress}:${port}/`
      assert.equal(await runJob(cluster(), { namespace, name: 'gateway', line }), 'hello from the test')
    } finally {
      await close(server)
    }
  })

  it('lets a pod reach another by the address of a Service', async () => {
    await cluster().apply({ apiVersion: 'v1', kind: 'List', items: helloService(namespace) })
    const { spec } = await cluster().kubectlJson<{ spec: { clusterIP: string } }>(
      'get',
      'service',
      'hello',
      '-n',
      namespace,
    )
    const line = `for i in 1 2 3 4 5 6 7 8 9; do wget -q -O - http://${spec.clusterIP}/ 2>/dev/null && exit; sleep 0.5; done; exit 1`
    assert.equal(await runJob(cluster(), { namespace, name: 'service', line }), 'hello from a pod')
    const { status } = await cluster().kubectlJson<Pod>('get', 'pod', 'hello', '-n', namespace)
    assert.equal(status.phase, 'Running')
  })

  it('lets a pod reach the API server, which wants TLS, by its Service', async () => {
    const line = `wget -O - http://${ADDRESSES.apiService}:443/ 2>&1 || true`
    assert.match(await runJob(cluster(), { namespace, name: 'api', line }), /400 Bad Request/)
  })

  it('pulls images from a registry on its network, by plain HTTP', async function () {
    if (whyNoRegistry() !== undefined) return this.skip()
    const port = ADDRESSES.registryPort
    const registry = await RegistryServer.start({ host: '0.0.0.0', port })
    try {
      await cluster().pushImage(BUSYBOX, `127.0.0.1:${port}/busybox:2`)
      for (const [index, host] of ['127.0.0.1', ADDRESSES.gateway].entries()) {
        const pulled = { image: `${host}:${port}/busybox:2`, pullPolicy: 'Always' as const }
        assert.equal(
          await runJob(cluster(), { namespace, name: `pulled-${index}`, line: 'echo pulled', ...pulled }),
          'pulled\n',
        )
      }
    } finally {
      await registry.stop()
    }
  })

  it('gives a claim a volume of the node that its group may write to', async () => {
    const directory = await offerVolume(cluster(), { name: namespace, size: '10Mi' })
    await cluster().apply(claim(namespace))
    const { spec, ...rest } = job({ namespace, name: 'volume', line: 'echo kept > /data/file' })
    const pod = spec.template.spec
    const [container] = pod.containers
    const withVolume = {
      ...pod,
      containers: [{ ...container, volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    }
    await cluster().apply({ ...rest, spec: { ...spec, template: { spec: withVolume } } })
    await logOf(cluster(), { namespace, name: 'volume' })
    assert.equal(readFileSync(join(directory, 'file'), 'utf8'), 'kept\n')
  })

  it('comes back after its API server was lost', async () => {
    await cluster().stopApiServer()
    await assert.rejects(cluster().kubectl('get', 'nodes', '--request-timeout=2s'), /refused|connection/)
    await cluster().startApiServer()
    assert.equal(await runJob(cluster(), { namespace, name: 'again', line: 'echo again' }), 'again\n')
  })
})

const close = (server: Server) => new Promise((done) => void server.close(done))

function helloService(namespace: string): object[] {
  const metadata = { namespace, name: 'hello', labels: { app: 'hello' } }
  const line = 'cd /tmp && echo -n "hello from a pod" > index.html && exec httpd -f -p 8080'
  const { containers, ...pod } = restrictedPod({ namespace, name: 'hello', line })
  const [container] = containers
  const spec = {
    ...pod,
    containers: [{ ...container, volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }] }],
    volumes: [{ name: 'tmp', emptyDir: {} }],
  }
  const ports = [{ port: 80, targetPort: 8080 }]
  return [
    { apiVersion: 'v1', kind: 'Pod', metadata, spec },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: { app: 'hello' }, ports } },
  ]
}

const claim = (namespace: string) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { namespace, name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Mi' } } },
})
