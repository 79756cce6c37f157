/** Whose fault it is that a worker does not come up: its function's, or only that of one pod, one node, one moment. */
import assert from 'node:assert/strict'
import { ClusterRefusal, ClusterUnreachable } from '../../../../dispatcher/backends/kubernetes/cluster/cluster.js'
import { eventually } from '../../../support/eventually.js'
import { FakeCluster } from '../../../support/fake-cluster.js'
import { Bench, benches, pulling, unscheduled } from './bench.js'

const START_ERROR = { reason: 'StartError', message: 'failed to create shim task: context deadline exceeded' }
const PULL_MS = 120_000

describe('kubernetes back-end, at fault', () => {
  const { ready: bench, closing } = benches()

  describe('is not the function', () => {
    it('when a container fails to start beside others that are up: another one is tried', async () => {
      const on = await bench()
      const up = await on.up(3)
      const queued = { queued: 50, running: 3, concurrency: 4 }
      on.scale(queued)
      const [fresh] = (await on.jobs(4)).filter((job) => !up.includes(job))
      on.cluster.end(fresh!, 128, START_ERROR)
      assert.deepEqual(on.host.failures, [])
      assert.match(on.messages.join(), /deadline exceeded; it is tried again, because other workers of it do better/)
      on.now += 1000
      on.scale(queued)
      assert.equal((await on.jobs(5)).length, 5)
    })

    it('when one node of several cannot pull', async () => {
      const on = await bench()
      const [bad, ...good] = await started(on, 4)
      on.cluster.become(bad!, pulling('ImagePullBackOff', 'no route to host'))
      for (const job of good) await comeUp(on, job)
      on.now += PULL_MS
      on.scale({ queued: 50, running: 3 })
      await eventually(() => !on.cluster.jobs.has(bad!))
      assert.deepEqual(on.host.failures, [])
    })

    it('when others are on their way without trouble', async () => {
      const on = await bench()
      const [bad, slow] = await started(on, 2)
      on.cluster.become(bad!, pulling('ImagePullBackOff', 'no route to host'))
      on.cluster.become(slow!, pulling('ContainerCreating', ''))
      on.now += PULL_MS
      on.scale({ queued: 2 })
      await eventually(() => !on.cluster.jobs.has(bad!))
      assert.deepEqual(on.host.failures, [])
    })

    it('when several that were made together fail to start: that may have been the moment', async () => {
      const on = await bench()
      for (const job of await started(on, 3)) on.cluster.end(job, 128, START_ERROR)
      assert.deepEqual(on.host.failures, [])
      assert.match(on.messages.join(), /it is tried again, because that may pass/)
    })

    it('when the image has been started before, until it has failed three times in a row', async () => {
      const on = await bench()
      const [first] = await on.up(1)
      on.cluster.end(first!)
      on.cluster.jobs.delete(first!)
      for (const failures of [0, 0, 2]) {
        on.now += 30_000
        const [job] = await started(on, 1, 2)
        on.cluster.become(job!, pulling('ImagePullBackOff', 'manifest unknown'))
        on.now += PULL_MS
        on.scale({ queued: 2 })
        await eventually(() => on.cluster.jobs.size === 0)
        assert.equal(on.host.failures.length, failures)
      }
    })
  })

  describe('is the function', () => {
    it('when its container fails to start twice: a program for another machine', async () => {
      const on = await bench()
      for (const failures of [0, 1]) {
        on.now += 1000
        const [job] = await started(on, 1)
        on.cluster.end(job!, 128, { reason: 'StartError', message: 'exec format error' })
        on.cluster.jobs.delete(job!)
        assert.equal(on.host.failures.length, failures)
      }
      assert.match(on.host.failures[0]!.message, /exec format error/)
    })
  })

  describe('is the platform, and nobody is blamed', () => {
    /** A dispatcher was killed when it had made a Job, and not yet the Secret. */
    async function orphan(): Promise<{ cluster: FakeCluster; job: string }> {
      const cluster = new FakeCluster()
      const first = await bench({}, undefined, cluster)
      first.scale({ queued: 1 })
      const [job] = await first.jobs(1)
      await first.backend.close()
      cluster.secrets.length = 0
      cluster.become(job!, pulling('CreateContainerConfigError', `secret "${job}" not found`))
      return { cluster, job: job! }
    }

    it('when a Job has no Secret, because a dispatcher was killed in between: another one takes its place', async () => {
      const { cluster, job } = await orphan()
      const on = closing(new Bench({}, undefined, cluster))
      await on.ready()
      on.scale({ queued: 1 })
      on.now += 29_999
      on.scale({ queued: 1 })
      assert.ok(cluster.jobs.has(job), 'a kubelet may find it yet')
      on.now += 1
      on.scale({ queued: 1 })
      await eventually(() => cluster.jobs.size === 0)
      on.now += 1000
      on.scale({ queued: 1 })
      assert.notEqual((await on.jobs(1))[0], job)
      assert.deepEqual(on.host.failures, [])
    })

    it("but a Secret of the function's own that is missing is its fault", async () => {
      const on = await bench()
      const [job] = await started(on, 1)
      on.cluster.become(job!, pulling('CreateContainerConfigError', 'secret "keys" not found'))
      on.now += PULL_MS
      on.scale({ queued: 1 })
      assert.match(on.host.failures[0]!.message, /secret "keys" not found/)
    })

    it('when the namespace has no service account yet', async () => {
      const on = await bench()
      on.cluster.makesPods = false
      const [job] = await started(on, 1)
      const message =
        'Error creating: pods "x-" is forbidden: error looking up service account plants/default: serviceaccount "default" not found'
      on.cluster.events.set(`Job ${job}`, [{ type: 'Warning', reason: 'FailedCreate', message, metadata: {} }])
      on.now += 3000
      on.scale({ queued: 1 })
      await eventually(() => on.cluster.jobs.size === 0)
      assert.deepEqual(on.host.failures, [])
      on.now += 1000
      on.scale({ queued: 1 })
      assert.equal((await on.jobs(1)).length, 1)
    })

    it('when the namespace is on its way out', async () => {
      const on = await bench()
      const words =
        'jobs.batch "x" is forbidden: unable to create new content in namespace plants because it is being terminated'
      on.cluster.faults.set('createJob', new ClusterRefusal(403, 'Forbidden', words))
      on.scale({ queued: 1 })
      await eventually(() => /is being terminated/.test(on.messages.join()))
      assert.deepEqual(on.host.failures, [])
    })
  })

  describe('with a cluster that does not answer, leaves no Job behind', () => {
    const UNREACHABLE = new ClusterUnreachable('down')

    it('that it could not remove: it tries again', async () => {
      const on = await bench()
      const [job] = await started(on, 1)
      on.cluster.become(job!, unscheduled('0/1 nodes are available: 1 Insufficient cpu.'))
      on.cluster.faults.set('deleteJob', UNREACHABLE)
      on.now += 20_000
      on.scale()
      await eventually(() => on.host.logged.join().includes('could not be removed yet: down'))
      on.cluster.faults.clear()
      on.scale()
      assert.equal(on.cluster.jobs.size, 1, 'not at once')
      on.now += 1000
      on.scale()
      await eventually(() => on.cluster.jobs.size === 0)
      assert.equal(on.host.logged.filter((line) => line.includes('could not be removed')).length, 1)
    })

    it('that it may not remove: status says so until it is gone', async () => {
      const on = await bench()
      for (const job of await started(on, 2))
        on.cluster.become(job, unscheduled('0/1 nodes are available: 1 Insufficient cpu.'))
      on.cluster.faults.set('deleteJob', new ClusterRefusal(403, 'Forbidden', 'cannot delete resource "jobs"'))
      on.now += 20_000
      on.scale()
      const [first] = on.cluster.jobs.keys()
      const left = `2 Jobs, ${first} among them, could not be removed yet: cannot delete resource "jobs"`
      await eventually(() => on.messages.includes(left))
      on.now += 1000
      on.scale()
      assert.ok(on.messages.includes(left), 'also while it is tried again')
      on.cluster.faults.clear()
      await eventually(() => {
        on.now += 1000
        on.scale()
        return on.cluster.jobs.size === 0
      })
      await eventually(() => on.messages.length === 0)
    })

    it('that was given up before the answer about its Secret was there', async () => {
      const on = await bench()
      const { deleteJob, createSecret } = on.cluster
      const deleted: string[] = []
      on.cluster.deleteJob = (name) => {
        deleted.push(name)
        return deleted.length > 2 ? deleteJob(name) : Promise.resolve()
      }
      let answer: () => void = () => undefined
      const answered = new Promise<void>((resolve) => (answer = resolve))
      on.cluster.createSecret = (secret) =>
        on.cluster.secrets.length === 0 ? createSecret(secret) : answered.then(() => createSecret(secret))
      on.scale({ queued: 2 })
      await eventually(() => on.cluster.pods.size === 2 && on.cluster.secrets.length === 1)
      const jobs = [...on.cluster.jobs.keys()]
      for (const job of jobs) on.cluster.become(job, pulling('ImagePullBackOff', 'manifest unknown'))
      on.now += PULL_MS
      on.scale({ queued: 2 })
      await eventually(() => deleted.length === 2)
      assert.deepEqual(deleted.toSorted(), jobs.toSorted())
      answer()
      await eventually(() => deleted.length === 3, {
        what: 'another removal, of what may have been made after the first',
      })
      assert.equal(deleted[2], jobs[1])
      assert.ok(!on.cluster.jobs.has(jobs[1]!))
      assert.equal(on.host.ended.length, 2)
    })

    it('of which it never heard that it was made', async () => {
      const on = await bench()
      on.cluster.loseAnswers('createJob', UNREACHABLE)
      on.scale({ queued: 1 })
      await eventually(() => on.messages.length > 0)
      await eventually(() => on.cluster.jobs.size === 0)
    })

    it('whose pod shows up when it was given up', async () => {
      const on = await bench()
      const [job] = await started(on, 1)
      const [kept, pod] = [on.cluster.jobs.get(job!)!, on.cluster.pods.get(job!)!]
      on.scale()
      on.now += 10_000
      on.scale()
      await eventually(() => on.cluster.jobs.size === 0)
      on.cluster.jobs.set(job!, kept)
      on.cluster.pods.set(job!, pod)
      on.cluster.endWatches()
      await eventually(() => on.cluster.jobs.size === 0)
    })

    it('unless it is the business of another dispatcher, which scales', async () => {
      const one = await bench()
      const other = closing(new Bench({}, undefined, one.cluster))
      await other.ready(2)
      other.follow()
      const [job] = await one.up(1)
      const pod = one.cluster.pods.get(job!)!
      await one.backend.close()
      one.cluster.vanish(job!)
      assert.equal(other.host.ended.length, 1)
      one.cluster.pods.set(job!, pod)
      one.cluster.endWatches()
      await eventually(() => one.cluster.watches === 1, { what: 'another list, and a watch after it' })
      assert.equal(one.cluster.jobs.size, 1)
    })
  })

  /** Workers for so many of the queued, with their Jobs made. */
  async function started(on: Bench, count: number, queued = count): Promise<string[]> {
    const { size } = on.cluster.jobs
    on.cluster.secrets.length = size
    on.scale({ queued, concurrency: count })
    return on.jobs(size + count)
  }

  async function comeUp(on: Bench, job: string): Promise<void> {
    on.cluster.run(job)
    await on.backend.workerFile(on.workerOf(job), on.release)
  }
})
