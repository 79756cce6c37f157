/** The back-end on nodes that others use too: how many workers it says there is room for, and how it finds that out. */
import assert from 'node:assert/strict'
import { ClusterRefusal, ClusterUnreachable } from '../../../../dispatcher/backends/kubernetes/cluster/cluster.js'
import { Homes } from '../../../../dispatcher/routing/homes.js'
import { eventually } from '../../../support/eventually.js'
import { nodeOf, otherPod } from '../../../support/kubernetes-objects.js'
import { benches, SMALL, unscheduled, type Bench } from './bench.js'
import { releaseOf } from './spec.js'

describe('kubernetes back-end beside others', () => {
  const { ready: bench } = benches()
  const nodes = () => [nodeOf('a', SMALL), nodeOf('b', SMALL)]
  const other = () => otherPod('a', { cpu: '600m' })
  const slots = (on: Bench) => on.backend.status().slots
  /** Everything that the fake cluster was asked for has been answered. */
  const settled = () => new Promise((resolve) => setImmediate(resolve))

  it('has room for fewer workers while their pods are there, as soon as it looks', async () => {
    const on = await bench({}, (cluster) => (cluster.nodes = nodes()))
    on.scale({ queued: 1 })
    assert.equal(slots(on), 4)
    on.cluster.others = [other()]
    on.now += 5000
    on.scale({ queued: 1 })
    await eventually(() => slots(on) === 3)
    on.cluster.others = []
    on.now += 5000
    on.scale({ queued: 1 })
    await eventually(() => slots(on) === 4)
  })

  it('knows of each function how many there may be', async () => {
    const on = await bench({}, (cluster) => (cluster.nodes = nodes()))
    const golden = releaseOf({ kubernetes: { nodeSelector: { disk: 'golden' } } }, 'golden')
    on.scale({ queued: 1 }, { release: golden, queued: 1 })
    const { slots: all, slotsFor } = on.backend.capacity()
    assert.deepEqual([all, slotsFor!(on.release.spec), slotsFor!(golden.spec)], [4, 4, 0])
  })

  it('also where another dispatcher scales', async () => {
    const on = await bench({}, (cluster) => (cluster.nodes = nodes()))
    on.cluster.others = [other()]
    on.now += 60_000
    on.follow()
    await eventually(() => slots(on) === 3)
  })

  it('looks once a minute when all is quiet, and less often where a look takes long', async () => {
    const on = await bench({}, (cluster) => (cluster.nodes = nodes()))
    const looks = async (ms: number) => {
      const before = on.cluster.calls
      on.now += ms
      on.scale()
      await settled()
      return on.cluster.calls - before
    }
    assert.equal(await looks(59_000), 0)
    assert.equal(await looks(1000), 2)
    on.cluster.onCall = (call) => {
      if (call === 'listOtherPods') on.now += 2000
    }
    await looks(60_000)
    on.cluster.onCall = undefined
    assert.equal(await looks(97_000), 0)
    assert.equal(await looks(1000), 2)
  })

  it('does not look for work that a worker takes at once, but soon for work that stays', async () => {
    const on = await bench({}, (cluster) => (cluster.nodes = nodes()))
    let looks = 0
    on.cluster.onCall = (call) => void (call === 'listNodes' && looks++)
    const looksAfter = async (ms: number, queued: number) => {
      on.now += ms
      on.scale({ queued })
      await settled()
      return looks
    }
    assert.deepEqual([await looksAfter(30_000, 1), await looksAfter(400, 0)], [0, 0])
    assert.deepEqual([await looksAfter(5000, 1), await looksAfter(400, 1), await looksAfter(100, 1)], [0, 0, 1])
  })

  it('learns it from workers that find no place where pods may not be listed, and says so', async () => {
    const on = await bench({}, (cluster) => Object.assign(cluster, { nodes: nodes(), others: undefined }))
    assert.match(on.backend.status().notes.at(-1)!, /pods of all namespaces may not be listed.*--read-pods/)
    const [first] = await on.up(1)
    on.scale({ queued: 2, running: 1 })
    const jobs = await on.jobs(3)
    for (const job of jobs.filter((name) => name !== first))
      on.cluster.become(job, unscheduled('0/2 nodes are available: 2 Insufficient cpu.'))
    assert.equal(slots(on), 1)
    on.now += 10_000
    on.scale({ running: 1 })
    await on.jobs(1)
    assert.equal(slots(on), 1, 'it is remembered')
    on.now += 60_000
    on.scale({ running: 1 })
    assert.equal(slots(on), 2, 'and another one is tried after a while')
  })

  describe('that it does not see, with work that comes all the time', () => {
    /** As many workers run as find a place; what is told to stay at home waits, until it is seen that it finds none. */
    async function pass(on: Bench, seconds: number, places: number): Promise<{ told: string[]; usedAfter: number }> {
      const told: string[] = []
      let usedAfter = Infinity
      for (let second = 0; second < seconds; second++) {
        const isFull = on.messages.some((message) => message.includes('finds no place'))
        const running = [...on.cluster.pods.values()].filter(({ status }) => status?.phase === 'Running').length
        on.now += 1000
        const change = homes.look(new Map([['kubernetes', on.backend.capacity()]]), on.now)
        if (change !== undefined) told.push(change)
        on.scale({ running, queued: isFull ? 0 : Math.max(0, slots(on) - running) })
        await settled()
        await settled()
        await place(on, places)
        if (slots(on) === most) usedAfter = Math.min(usedAfter, second)
      }
      return { told, usedAfter }
    }

    async function place(on: Bench, places: number): Promise<void> {
      for (const [job, { status }] of on.cluster.pods) {
        if (status?.phase === 'Running') continue
        const running = [...on.cluster.pods.values()].filter((pod) => pod.status?.phase === 'Running').length
        if (running >= places) {
          on.cluster.become(job, unscheduled('0/2 nodes are available: 2 Insufficient cpu.'))
          continue
        }
        on.cluster.run(job)
        await on.backend.workerFile(on.workerOf(job), on.release)
      }
    }

    const most = 20
    let homes: Homes
    beforeEach(() => (homes = new Homes()))

    async function full(places: number): Promise<Bench> {
      const wide = { ...SMALL, cpu: '6100m' }
      const on = await bench({ maxWorkers: most }, (cluster) =>
        Object.assign(cluster, { nodes: [nodeOf('a', wide), nodeOf('b', wide)], others: undefined }),
      )
      assert.equal(slots(on), most)
      await pass(on, 60, places)
      assert.equal(slots(on), places)
      return on
    }

    for (const [places, most] of [
      [3, 0],
      [1, 0],
      [0, 6],
    ] as const)
      it(`decides again ${most} times in ten minutes at most where ${places} find a place`, async () => {
        const on = await full(places)
        const { told } = await pass(on, 600, places)
        assert.ok(told.length <= most, told.join('\n'))
      })

    it('uses all the room that comes back within five minutes', async () => {
      const on = await full(3)
      await pass(on, 600, 3)
      const { usedAfter } = await pass(on, 300, most)
      assert.ok(usedAfter < 300, `${slots(on)} slots`)
    })
  })

  it('learns it from a quota as well, also where pods may be listed', async () => {
    const on = await bench({}, (cluster) => (cluster.nodes = nodes()))
    await on.up(2)
    on.cluster.faults.set('createJob', new ClusterRefusal(403, 'Forbidden', 'jobs "x" is forbidden: exceeded quota: q'))
    on.scale({ queued: 1, running: 2 })
    await eventually(() => slots(on) === 2)
    on.now += 29_999
    on.scale({ running: 2 })
    assert.equal(slots(on), 2)
    on.now += 1
    on.scale({ running: 2 })
    assert.equal(slots(on), 3, 'one more is tried')
    on.cluster.faults.clear()
    on.scale({ queued: 1, running: 2 })
    on.cluster.run((await on.jobs(3)).at(-1)!)
    on.scale({ running: 3 })
    assert.equal(slots(on), 4, 'all that nodes have room for')
  })

  it('asks a few times again for what it may not see, as rights take a moment to be known, then rarely', async () => {
    const on = await bench({}, (cluster) => Object.assign(cluster, { nodes: undefined, others: undefined }))
    assert.match(on.backend.status().notes.at(-1)!, /nodes may not be listed/)
    const asked: number[] = []
    let calls = on.cluster.calls
    for (let seconds = 5; seconds <= 600; seconds += 5) {
      on.now += 5000
      on.scale()
      await settled()
      if (on.cluster.calls > calls) asked.push(seconds)
      calls = on.cluster.calls
    }
    assert.deepEqual(asked, [5, 15, 35, 75])
    on.cluster.nodes = nodes()
    on.cluster.others = [other()]
    on.now += 600_000
    on.scale()
    await eventually(() => slots(on) === 3)
  })

  it('keeps what it knew while the cluster does not answer', async () => {
    const on = await bench({}, (cluster) => Object.assign(cluster, { nodes: nodes(), others: [other()] }))
    on.scale()
    for (const call of ['listOtherPods', 'listNodes']) on.cluster.faults.set(call, new ClusterUnreachable('gone'))
    on.now += 60_000
    on.scale()
    await settled()
    on.cluster.faults.delete('listNodes')
    on.cluster.nodes = [nodeOf('a', SMALL)]
    on.now += 60_000
    on.scale()
    await eventually(() => slots(on) === 1)
  })
})
