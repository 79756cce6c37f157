/** What a real cluster does to workers, and what becomes of their work. */
import assert from 'node:assert/strict'
import type { BackendStatus, InvocationRecord } from '../../../runtime/contract/dispatcher-api.js'
import { busyboxRoot } from '../../support/containers/root-directories.js'
import type { DispatcherProcess } from '../../support/dispatcher-process.js'
import { eventually } from '../../support/eventually.js'
import { heardOnce } from '../../support/script-signals.js'
import { testCluster, testNamespace } from '../cluster/test-cluster.js'
import { workbench } from './workbench.js'

const FUNCTION = 't-dev-f'
const SIZE = { memorySize: 128, cpu: 0.2, ephemeralStorageSize: 64 }

describe('troubles on a cluster', function () {
  this.timeout(120_000)
  const cluster = testCluster({ own: true })
  const namespace = testNamespace(cluster)
  const bench = workbench(cluster, namespace)
  let image: string
  before(async () => (image = await bench().image('busybox', busyboxRoot, { WorkingDir: '/tmp/work' })))

  const put = (dispatcher: DispatcherProcess, script: string, spec: Record<string, unknown> = {}, name = FUNCTION) =>
    dispatcher.put(name, `#!/bin/sh\n${script}\n`, { ...SIZE, image, ...spec })
  const status = async (dispatcher: DispatcherProcess): Promise<BackendStatus> =>
    (await dispatcher.call<{ backends: BackendStatus[] }>('GET', '/v1/backends')).body.backends[0]!
  const says = (dispatcher: DispatcherProcess, words: RegExp) =>
    eventually(async () => (await status(dispatcher)).messages?.find((message) => words.test(message)), {
      timeoutMs: 60_000,
      everyMs: 100,
      what: `a message with ${words}`,
    })
  const ended = (dispatcher: DispatcherProcess, id: string) => dispatcher.invocation(id, '?wait=60s')
  const causes = ({ tries }: InvocationRecord) => tries.map(({ cause }) => cause)

  /** Its first attempt runs until something ends it; the second succeeds at once, and counts as the first. */
  async function running(dispatcher: DispatcherProcess, first = 'while :; do sleep 0.1; done') {
    const { signals } = bench()
    await put(dispatcher, `[ "$SPILLWAY_ATTEMPT" = 2 ] && exit 0\n${signals.say('runs')}\n${first}`, {
      retries: { attempts: 1 },
    })
    const { id } = await dispatcher.invoke(FUNCTION)
    await heardOnce(signals, 'runs')
    return { id, pod: (await bench().pods())[0]! }
  }
  async function givenBack(dispatcher: DispatcherProcess, id: string, cause: string) {
    const record = await ended(dispatcher, id)
    assert.deepEqual([record.state, causes(record)], ['succeeded', [cause, undefined]], record.message)
  }

  describe('that takes pods away', () => {
    it('gives the attempt of an evicted pod back', async () => {
      const dispatcher = await bench().start()
      const { id, pod } = await running(dispatcher)
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } }
      const path = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`
      await cluster().run(['kubectl', 'create', '--raw', path, '--filename=-'], { input: JSON.stringify(eviction) })
      await givenBack(dispatcher, id, 'evicted')
    })

    it('gives the attempt of a deleted pod back', async () => {
      const dispatcher = await bench().start()
      const { id, pod } = await running(dispatcher)
      await bench().kubectl('delete', 'pod', pod, '--wait=false')
      await givenBack(dispatcher, id, 'evicted')
    })

    it('runs the attempt again whose pod vanishes', async () => {
      const dispatcher = await bench().start({}, { lease: 60 })
      const { id, pod } = await running(dispatcher)
      await bench().kubectl('delete', 'pod', pod, '--force', '--grace-period=0')
      const record = await ended(dispatcher, id)
      assert.deepEqual([record.state, causes(record).length], ['succeeded', 2], record.message)
      assert.ok(['worker-lost', 'evicted'].includes(causes(record)[0]!), causes(record)[0])
    })

    it('gives attempts back when a node is drained, and goes on when there is one again', async () => {
      const dispatcher = await bench().start()
      const { id } = await running(dispatcher)
      try {
        const only = `--pod-selector=spillway/function=${FUNCTION}`
        await cluster().kubectl('drain', cluster().place.nodeName, only, '--delete-emptydir-data')
        await says(dispatcher, /a worker finds no place: .*unschedulable/)
        assert.equal((await dispatcher.invocation(id)).state, 'queued')
      } finally {
        await cluster().uncordon()
      }
      await givenBack(dispatcher, id, 'evicted')
    })

    it('fails an attempt that fills its disk', async () => {
      const dispatcher = await bench().start()
      await put(dispatcher, 'dd if=/dev/zero of=/tmp/large bs=1M count=200 2>/dev/null; sleep 100', {
        retries: { attempts: 1 },
      })
      const { id } = await dispatcher.invoke(FUNCTION)
      const record = await ended(dispatcher, id)
      assert.deepEqual([record.state, record.cause], ['failed', 'no-space'], record.message)
      assert.match(record.message ?? '', /more than 64 MB/)
    })
  })

  describe('that is full', () => {
    const quota = (pods: number) => ({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'few', namespace },
      spec: { hard: { pods: String(pods) } },
    })
    afterEach(() => bench().kubectl('delete', 'resourcequota', '--all'))

    it('passes the message of a quota on, and goes on when there is room', async () => {
      await cluster().apply(quota(0))
      await eventually(
        async () =>
          (await bench().kubectl('get', 'resourcequota', 'few', '-o', 'jsonpath={.status.hard.pods}')) === '0',
      )
      const dispatcher = await bench().start()
      await put(dispatcher, 'echo done')
      const { id } = await dispatcher.invoke(FUNCTION)
      await says(dispatcher, new RegExp(`^${FUNCTION}: .*exceeded quota: few, requested: pods=1`))
      assert.equal((await dispatcher.invocation(id)).state, 'queued')
      await cluster().apply(quota(5))
      assert.equal((await ended(dispatcher, id)).result?.body, 'done\n')
    })

    it("says in the scheduler's words why there is no place, and withdraws what is not needed any more", async () => {
      const dispatcher = await bench().start()
      await put(dispatcher, 'true', { kubernetes: { nodeSelector: { disk: 'golden' } } })
      const { id } = await dispatcher.invoke(FUNCTION)
      await says(dispatcher, /a worker finds no place: 0\/1 nodes are available: .*selector/)
      assert.equal((await status(dispatcher)).slots, 0)
      await dispatcher.call('POST', `/v1/invocations/${id}/cancel`)
      await bench().empty()
    })

    it('refuses what no node can ever take, with both numbers', async () => {
      const dispatcher = await bench().start()
      await eventually(async () => (await status(dispatcher)).healthy)
      await assert.rejects(put(dispatcher, 'true', { memorySize: 10_000_000 }), /memorySize 10,000,000 MB is over/)
      await assert.rejects(put(dispatcher, 'true', { cpu: 1000 }), /cpu 1000 vCPU is over/)
      await assert.rejects(put(dispatcher, 'true', { gpu: 1 }), /gpu 1 is over 0/)
    })

    it('lets an idle worker give way to another function', async () => {
      const dispatcher = await bench().start({ keepAlive: 600 })
      const half = { cpu: 0.6 * Number(await cpus()) }
      await put(dispatcher, 'echo one', half, 't-dev-one')
      await put(dispatcher, 'echo two', half, 't-dev-two')
      assert.equal((await dispatcher.invokeAndWait('t-dev-one')).state, 'succeeded')
      assert.equal((await dispatcher.invokeAndWait('t-dev-two')).state, 'succeeded')
    })
    const cpus = () => cluster().kubectl('get', 'nodes', '--output=jsonpath={.items[0].status.allocatable.cpu}')
  })

  describe('that cannot start a container', () => {
    it("fails with the registry's words what it does not have, before there is a pod", async () => {
      const dispatcher = await bench().start()
      await put(dispatcher, 'true', { image: `${image}0`, retries: { attempts: 2, minDelay: 0 } })
      const record = await dispatcher.invokeAndWait(FUNCTION)
      assert.deepEqual([record.state, causes(record)], ['failed', ['image', 'image']], record.message)
      assert.match(record.message ?? '', /There is no image/)
    })

    it("fails with the kubelet's words what it cannot pull, after the stated time", async () => {
      const kitImage = await bench().kitImage()
      const dispatcher = await bench().start({ registry: undefined, kitImage, imagePullTimeout: 3 })
      await put(dispatcher, 'true', { image: '127.0.0.1:5000/test/none:1', retries: { attempts: 1 } })
      const record = await dispatcher.invokeAndWait(FUNCTION)
      assert.deepEqual([record.state, record.cause], ['failed', 'image'])
      assert.match(record.message ?? '', /Kubernetes cannot start .*127\.0\.0\.1:5000\/test\/none:1/)
    })
  })

  describe('whose API server goes away', () => {
    it('finishes what runs, and starts what came meanwhile once it is back', async () => {
      const dispatcher = await bench().start()
      const { signals } = bench()
      await put(dispatcher, `${signals.say('runs')}\n${signals.waitFor('go')}; echo first`, { concurrency: 1 })
      await put(dispatcher, 'echo second', {}, 't-dev-second')
      const { id } = await dispatcher.invoke(FUNCTION)
      await heardOnce(signals, 'runs')
      await cluster().stopApiServer()
      try {
        const second = await dispatcher.invoke('t-dev-second')
        await says(dispatcher, /the cluster does not answer/)
        signals.tell('go')
        assert.equal((await ended(dispatcher, id)).result?.body, 'first\n')
        await cluster().startApiServer()
        assert.equal((await ended(dispatcher, second.id)).result?.body, 'second\n')
      } finally {
        await cluster().startApiServer()
      }
    })
  })

  it('goes back to zero when there is nothing to do, and leaves nothing behind', async () => {
    const dispatcher = await bench().start({ keepAlive: 1 })
    await put(dispatcher, 'echo done')
    await dispatcher.invokeAndWait(FUNCTION)
    const isOver = async () =>
      /^(Succeeded ?)+$/.test(await bench().kubectl('get', 'pods', '-o', 'jsonpath={.items[*].status.phase}'))
    await eventually(isOver, { timeoutMs: 30_000, what: 'ended pods' })
    assert.equal((await status(dispatcher)).workers, 0)
    const job = (await bench().kubectl('get', 'jobs', '--output=name')).trim()
    await bench().kubectl('delete', job)
    await eventually(async () => (await bench().kubectl('get', 'secrets', '--output=name')).trim() === '', {
      timeoutMs: 30_000,
      what: 'the end of the Secret',
    })
  })
})
