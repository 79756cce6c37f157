/** The back-end over a cluster that runs nothing: what it makes, sends away and reports. */
import assert from 'node:assert/strict'
import { ClusterRefusal, ClusterUnreachable } from '../../../../dispatcher/backends/kubernetes/cluster/cluster.js'
import { keyOf } from '../../../../dispatcher/backends/kubernetes/fleet/members.js'
import { SpillwayError } from '../../../../runtime/contract/errors.js'
import { EXIT } from '../../../../runtime/contract/worker-environment.js'
import { eventually } from '../../../support/eventually.js'
import { nodeOf } from '../../../support/kubernetes-objects.js'
import { Bench, benches, SMALL, pulling, unscheduled } from './bench.js'
import { releaseOf } from './spec.js'

function vcpuOf({ backend }: Pick<Bench, 'backend'>): number[] {
  const { all, largestFree } = backend.capacity().vcpu!
  return [all, largestFree].map((cpu) => Math.round(1000 * cpu) / 1000)
}

describe('kubernetes back-end', () => {
  const { ready: bench, closing } = benches()

  describe('follows the queue', () => {
    it('makes nothing without work, but gets the image ready', async () => {
      const on = await bench()
      on.scale()
      on.scale()
      await eventually(() => on.derived === 1)
      assert.equal(on.cluster.jobs.size, 0)
    })

    it('makes a Job and a Secret for work, of the derived image', async () => {
      const on = await bench()
      on.scale({ queued: 1 })
      const [job] = await on.jobs(1)
      const { spec } = on.cluster.jobs.get(job!)!
      assert.equal(spec?.template.spec?.containers[0]?.image, 'r.example.org/spillway/workers@sha256:3')
      const token = Buffer.from(on.cluster.secrets[0]!.data!['start-token']!, 'base64').toString()
      assert.equal(token, `start token of ${on.workerOf(job!)}`)
    })

    it('starts a few at once, then as many as are up, and never more than there is work for', async () => {
      const on = await bench()
      on.scale({ queued: 50 })
      const first = await on.jobs(4)
      on.scale({ queued: 50 })
      on.scale({ queued: 50 })
      await on.jobs(4)
      for (const job of first) await on.backend.workerFile(on.workerOf(job), on.release)
      on.scale({ queued: 46, running: 4 })
      await on.jobs(8)
      on.scale({ queued: 0, running: 5 })
      await on.jobs(8)
    })

    it('keeps to concurrency and maxWorkers', async () => {
      const on = await bench({ maxWorkers: 3 })
      on.scale({ queued: 9, concurrency: 2 })
      await on.jobs(2)
      on.scale({ queued: 9, concurrency: 9 })
      await on.jobs(3)
    })

    it('gives no more work to workers on a node that is cordoned, and knows how many there is room for', async () => {
      const node = (name: string, unschedulable: boolean) => nodeOf(name, SMALL, { unschedulable })
      const on = await bench({}, (cluster) => (cluster.nodes = [node('a', false), node('b', false)]))
      on.scale({ queued: 2 })
      assert.equal(on.backend.capacity().slots, 4)
      assert.deepEqual(vcpuOf(on), [2.4, 1.3], 'four times 0.6, and a node')
      const [first, second] = await on.up(2)
      on.cluster.place(first!, 'a')
      on.cluster.place(second!, 'b')
      assert.deepEqual(vcpuOf(on), [2.4, 0.7], 'each node has a worker that is at work')
      on.cluster.nodes = [node('a', true), node('b', false)]
      on.now += 5000
      on.scale({ queued: 4 })
      await eventually(() => on.backend.capacity().slots === 2)
      on.scale({ queued: 4 })
      assert.deepEqual(on.host.dismissed, [on.workerOf(first!)])
      on.cluster.nodes = [node('a', true), node('b', true)]
      on.now += 5000
      on.scale({ queued: 4 })
      await eventually(() => on.backend.capacity().slots === 0)
    })

    it('sees that there is room again although nothing waits: all of it goes elsewhere meanwhile', async () => {
      const node = (unschedulable: boolean) => nodeOf('a', SMALL, { unschedulable })
      const on = await bench({}, (cluster) => (cluster.nodes = [node(true)]))
      on.scale({ queued: 1 })
      await eventually(() => on.backend.capacity().slots === 0)
      on.cluster.nodes = [node(false)]
      on.now += 5000
      on.scale()
      await eventually(() => on.backend.capacity().slots === 2)
    })

    it('tells a worker what to run, once it is up', async () => {
      const on = await bench()
      const [job] = await on.up(1)
      const file = await on.backend.workerFile(on.workerOf(job!), on.release)
      assert.deepEqual(file, {
        function: 'plants-dev-classify',
        release: 1,
        backend: 'kubernetes',
        run: { kind: 'script', path: '/mnt/spillway/files/work.sh' },
        environment: {},
        filesDir: '/mnt/spillway/files',
        workingDirectory: '/work',
        limitedDirectories: ['/mnt/spillway', '/tmp'],
        fresh: false,
        heartbeatSeconds: 10,
        leaseSeconds: 30,
      })
      const { workers, pending, slots, healthy } = on.backend.status()
      assert.deepEqual([workers, pending, slots, healthy], [1, 0, 10, true])
    })

    it('sends a worker away that has been idle for long enough, without a call to the cluster', async () => {
      const on = await bench({ keepAliveMs: 50_000 })
      const [job] = await on.up(1)
      const worker = on.workerOf(job!)
      const { calls } = on.cluster
      on.scale({ idle: [worker] })
      on.now += 49_999
      on.scale({ idle: [worker] })
      assert.deepEqual(on.host.dismissed, [])
      on.now += 1
      on.scale({ idle: [worker] })
      assert.deepEqual(on.host.dismissed, [worker])
      on.cluster.end(job!)
      assert.deepEqual(on.host.ended, [{ worker, why: 'the pod ended with exit code 0', cause: 'worker-lost' }])
      assert.equal(on.cluster.calls, calls)
    })

    it('sends workers away whose function is gone', async () => {
      const on = await bench()
      const [job] = await on.up(1)
      on.backend.scale([])
      assert.deepEqual(on.host.dismissed, [on.workerOf(job!)])
    })

    it('removes one that does not go', async () => {
      const on = await bench()
      const [job] = await on.up(1)
      on.scale({ idle: [on.workerOf(job!)] })
      on.now += 60_000
      on.scale({ idle: [on.workerOf(job!)] })
      on.now += 60_000
      on.scale()
      await eventually(() => on.cluster.jobs.size === 0)
    })

    it('makes fewer than 50 calls for 1,000 invocations on warm workers', async () => {
      const on = await bench()
      const before = on.cluster.calls
      const jobs = await on.up(4)
      const idle = jobs.map((job) => on.workerOf(job))
      for (let done = 0; done < 1000; done++) on.scale({ queued: 1000 - done, running: 4, concurrency: 4 })
      on.scale({ idle })
      on.now += 60_000
      on.scale({ idle })
      for (const job of jobs) on.cluster.end(job)
      assert.ok(on.cluster.calls - before < 50, `${on.cluster.calls - before} calls`)
    })
  })

  describe('reports how workers end', () => {
    for (const [what, end, cause] of [
      ['out of memory', { exitCode: 137, reason: 'OOMKilled' }, 'out-of-memory'],
      ['crashed', { exitCode: 1, reason: 'Error' }, 'worker-lost'],
    ] as const)
      it(what, async () => {
        const on = await bench()
        const [job] = await on.up(1)
        on.cluster.end(job!, end.exitCode, { reason: end.reason })
        on.cluster.vanish(job!)
        assert.deepEqual(
          on.host.ended.map((ended) => ended.cause),
          [cause],
        )
      })

    it('gone without a word', async () => {
      const on = await bench()
      const [job] = await on.up(1)
      on.cluster.vanish(job!)
      assert.deepEqual(
        on.host.ended.map(({ cause, why }) => [cause, why]),
        [['worker-lost', 'the pod is gone']],
      )
    })

    it('gone while nobody watched', async () => {
      const on = await bench()
      const [job] = await on.up(1)
      on.cluster.pods.delete(job!)
      on.cluster.endWatches()
      await eventually(() => on.host.ended.length === 1)
    })

    it('whose lease ran out: the Job goes', async () => {
      const on = await bench()
      const [job] = await on.up(1)
      on.backend.silent(on.workerOf(job!))
      await eventually(() => on.cluster.jobs.size === 0)
      assert.equal(on.host.ended.length, 1)
    })

    it('one that lost its dispatcher is replaced at once, however many did', async () => {
      const on = await bench()
      for (let blow = 1; blow <= 5; blow++) {
        const [job] = await on.up(1)
        on.cluster.end(job!, EXIT.outOfReach, { message: 'no dispatcher for 30 s' })
        on.cluster.vanish(job!)
      }
      assert.deepEqual(on.messages, [])
    })

    it('one that crashed is replaced, but not at once', async () => {
      const on = await bench()
      const [job] = await on.up(1)
      on.cluster.end(job!, 1, { message: 'out of luck' })
      on.scale({ queued: 1 })
      assert.match(on.messages.join(), /plants-dev-classify: no worker can be had: .*exit code 1: out of luck/)
      assert.equal(on.cluster.jobs.size, 1)
      on.now += 1000
      on.scale({ queued: 1 })
      await on.jobs(2)
    })
  })

  describe('meets a full cluster', () => {
    const WORDS = '0/1 nodes are available: 1 Insufficient cpu.'

    it("says so in the scheduler's words, and stops asking for more", async () => {
      const on = await bench()
      on.scale({ queued: 9 })
      const jobs = await on.jobs(4)
      for (const job of jobs) on.cluster.become(job, unscheduled(WORDS))
      on.scale({ queued: 9 })
      await on.jobs(4)
      const { slots, pending, messages } = on.backend.status()
      assert.deepEqual([slots, pending], [0, 4])
      assert.deepEqual(messages, [`plants-dev-classify: a worker finds no place: ${WORDS} (4 workers)`])
    })

    it('lets idle workers of other functions give way, one by one', async () => {
      const on = await bench()
      const idle = (await on.up(3)).map((job) => on.workerOf(job))
      const other = releaseOf({}, 'other')
      const demands = [{ idle }, { release: other, queued: 1 }] as const
      on.scale(...demands)
      const jobs = await on.jobs(4)
      on.cluster.become(jobs.at(-1)!, unscheduled(WORDS))
      on.scale(...demands)
      on.scale(...demands)
      assert.deepEqual(on.host.dismissed, idle.slice(0, 1))
      on.now += 2000
      on.scale(...demands)
      assert.deepEqual(on.host.dismissed, idle.slice(0, 2))
    })

    it('lets nobody give way for what no idle worker has', async () => {
      const on = await bench()
      const idle = (await on.up(1)).map((job) => on.workerOf(job))
      const demands = [{ idle }, { release: releaseOf({}, 'other'), queued: 1 }] as const
      on.scale(...demands)
      const jobs = await on.jobs(2)
      on.cluster.become(jobs.at(-1)!, unscheduled("0/1 nodes are available: 1 node(s) didn't match node selector."))
      on.scale(...demands)
      assert.deepEqual(on.host.dismissed, [])
    })

    it('withdraws what has no place when there is no work for it any more', async () => {
      const on = await bench()
      on.scale({ queued: 2 })
      const jobs = await on.jobs(2)
      for (const job of jobs) on.cluster.become(job, unscheduled(WORDS))
      on.now += 10_000
      on.scale({ queued: 1 })
      await eventually(() => on.cluster.jobs.size === 1)
    })

    it("passes a quota's message on and tries again later, longer each time", async () => {
      const on = await bench()
      on.cluster.faults.set(
        'createJob',
        new ClusterRefusal(403, 'Forbidden', 'jobs "x" is forbidden: exceeded quota: q'),
      )
      on.scale({ queued: 1 })
      await eventually(() => on.messages.length === 1)
      assert.match(on.messages[0]!, /no worker can be had: .*exceeded quota: q/)
      const { calls } = on.cluster
      on.now += 999
      on.scale({ queued: 1 })
      on.now += 1
      on.scale({ queued: 1 })
      await eventually(() => on.cluster.calls === calls + 1)
      on.now += 1500
      on.scale({ queued: 1 })
      assert.equal(on.cluster.calls, calls + 1)
      assert.equal(on.host.failures.length, 0)
    })

    it('asks why a Job gets no pod: a quota on pods', async () => {
      const on = await bench()
      on.cluster.makesPods = false
      on.scale({ queued: 1 })
      const [job] = await on.jobs(1)
      const message = 'Error creating: pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1'
      on.cluster.events.set(`Job ${job}`, [{ type: 'Warning', reason: 'FailedCreate', message, metadata: {} }])
      on.now += 3000
      on.scale({ queued: 1 })
      await eventually(() => on.cluster.jobs.size === 0)
      assert.match(on.messages.join(), /exceeded quota: q/)
      assert.equal(on.host.failures.length, 0)
    })

    it('lets a Job wait for its turn in a queue of Kueue', async () => {
      const on = await bench()
      on.cluster.makesPods = false
      const release = releaseOf({ kubernetes: { queueName: 'team' } })
      on.scale({ release, queued: 1 })
      await on.jobs(1)
      on.now += 3000
      on.scale({ release, queued: 1 })
      assert.deepEqual(on.messages, [
        'plants-dev-classify: a worker gets no pod: it waits for its turn in the queue team',
      ])
    })
  })

  describe('fails what can never start', () => {
    it("an image that cannot be pulled, after the stated time, in the kubelet's words, for all that waits", async () => {
      const on = await bench()
      on.scale({ queued: 7 })
      const jobs = await on.jobs(4)
      for (const job of jobs) on.cluster.become(job, pulling('ErrImagePull', 'manifest unknown'))
      on.now += 119_999
      on.scale({ queued: 7 })
      assert.equal(on.host.failures.length, 0)
      assert.deepEqual(on.messages, ['plants-dev-classify: a worker cannot start: manifest unknown (4 workers)'])
      on.now += 1
      on.scale({ queued: 7 })
      assert.equal(on.host.failures.length, 7)
      assert.deepEqual(on.host.failures[0], {
        outcome: 'failed',
        cause: 'image',
        message: 'Kubernetes cannot start plants-dev-classify: manifest unknown',
      })
      await eventually(() => on.cluster.jobs.size === 0)
    })

    it('an image that was found at fault before, sooner', async () => {
      const on = await bench()
      for (const [waitMs, failures] of [
        [120_000, 1],
        [20_000, 2],
      ] as const) {
        on.now += 60_000
        on.scale({ queued: 1 })
        const [job] = await on.jobs(1)
        on.cluster.become(job!, pulling('ImagePullBackOff', 'Back-off'))
        on.now += waitMs
        on.scale({ queued: 1 })
        assert.equal(on.host.failures.length, failures)
        await eventually(() => on.cluster.jobs.size === 0)
        on.cluster.secrets.length = 0
      }
    })

    it('a name that is none, at once', async () => {
      const on = await bench()
      on.scale({ queued: 1 })
      const [job] = await on.jobs(1)
      on.cluster.become(job!, pulling('InvalidImageName', 'couldn\'t parse image name "x:y:z"'))
      on.scale({ queued: 1 })
      assert.match(on.host.failures[0]?.message ?? '', /parse image name/)
    })

    it('an image that the registry does not have, before there is a Job', async () => {
      const on = await bench()
      on.imageFault = new SpillwayError('image-refused', 'There is no image r.example.org/work:1 in its registry.')
      on.scale({ queued: 2 })
      await eventually(() => on.host.failures.length === 2)
      assert.match(on.host.failures[0]!.message, /There is no image/)
      assert.equal(on.cluster.jobs.size, 0)
    })

    it('but not what waits for a registry that is down', async () => {
      const on = await bench()
      on.imageFault = new SpillwayError('registry-unavailable', 'The registry did not answer.')
      on.scale({ queued: 2 })
      await eventually(() => on.messages.join().includes('did not answer'))
      assert.equal(on.host.failures.length, 0)
    })

    it('what Pod Security does not let in', async () => {
      const on = await bench()
      on.cluster.makesPods = false
      on.scale({ queued: 1 })
      const [job] = await on.jobs(1)
      const message =
        'Error creating: pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'
      on.cluster.events.set(`Job ${job}`, [{ type: 'Warning', reason: 'FailedCreate', message, metadata: {} }])
      on.now += 3000
      on.scale({ queued: 1 })
      await eventually(() => on.host.failures.length === 1)
      assert.match(on.host.failures[0]!.message, /violates PodSecurity/)
    })
  })

  describe('has troubles of its own', () => {
    it('says when pods cannot reach the dispatcher', async () => {
      const on = await bench()
      on.scale({ queued: 1 })
      const [job] = await on.jobs(1)
      on.cluster.run(job!)
      on.now += 60_000
      on.scale({ queued: 1 })
      await eventually(() => on.cluster.jobs.size === 0)
      assert.match(on.messages.join(), /can pods reach dispatcherUrl\?/)
      assert.equal(on.host.failures.length, 0)
    })

    it('a Job that gets no pod, without a word: another one is made in its place', async () => {
      const on = await bench()
      on.cluster.makesPods = false
      on.scale({ queued: 1 })
      const [first] = await on.jobs(1)
      on.now += 300_000
      on.scale({ queued: 1 })
      await eventually(() => on.cluster.jobs.size === 0)
      on.now += 1000
      on.scale({ queued: 1 })
      const second = await eventually(() => [...on.cluster.jobs.keys()][0])
      assert.notEqual(second, first)
    })

    it('a volume that cannot be mounted: its events say so', async () => {
      const on = await bench()
      on.scale({ queued: 1 })
      const [job] = await on.jobs(1)
      on.cluster.become(job!, pulling('ContainerCreating', ''))
      const message = 'MountVolume.SetUp failed for volume "start"'
      on.cluster.events.set(`Pod ${job}-abcde`, [{ type: 'Warning', reason: 'FailedMount', message, metadata: {} }])
      on.now += 20_000
      on.scale({ queued: 1 })
      await eventually(() => on.messages.length === 1)
      assert.deepEqual(on.messages, [`plants-dev-classify: a worker cannot start: ${message}`])
    })

    it('a cluster that does not answer: it says so, and goes on when it does', async () => {
      const on = await bench()
      on.cluster.faults.set('listPods', new ClusterUnreachable('connect ECONNREFUSED'))
      on.cluster.endWatches(new ClusterUnreachable('socket hang up'))
      await eventually(() => !on.backend.status().healthy)
      assert.match(on.messages[0]!, /the cluster does not answer: /)
      on.cluster.faults.clear()
      await eventually(() => on.backend.status().healthy)
      assert.deepEqual(on.messages, [])
    })

    it('a Secret that cannot be made: the Job goes too', async () => {
      const on = await bench()
      on.cluster.faults.set('createSecret', new ClusterUnreachable('connection reset'))
      on.scale({ queued: 1 })
      await eventually(() => on.messages.length === 1)
      assert.equal(on.cluster.jobs.size, 0)
    })
  })

  describe('finds its workers again', () => {
    const first = new Bench()
    before(() => first.ready())
    after(() => first.backend.close())

    it('those that run, those that start, and those that ended meanwhile', async () => {
      const [runs, starts, ended, gone] = await first.up(4)
      first.cluster.become(starts!, { phase: 'Pending' })
      const on = new Bench({}, (cluster) => {
        for (const [job, object] of first.cluster.jobs) cluster.jobs.set(job, object)
        for (const [job, pod] of first.cluster.pods) cluster.pods.set(job, pod)
        cluster.end(ended!, 137, { reason: 'OOMKilled' })
        cluster.pods.delete(gone!)
      })
      closing(on)
      assert.equal(on.host.isAdopting, true)
      await on.ready()
      assert.equal(on.host.isAdopting, false)
      const expected = [runs, starts, gone].map((job) => first.workerOf(job!))
      assert.deepEqual(on.host.admitted.sort(), expected.sort())
      assert.deepEqual(
        on.host.ended.map(({ worker, cause }) => [worker, cause]),
        [[first.workerOf(ended!), 'out-of-memory']],
      )
      assert.deepEqual([on.backend.status().workers, on.backend.status().pending], [1, 2])
      on.now += 60_000
      on.scale({ queued: 3, running: 0 })
      assert.deepEqual([on.cluster.jobs.size, on.host.dismissed], [4, []], 'nothing is made or sent away')
    })

    it('and leaves them alone when it closes', async () => {
      const on = await bench()
      await on.up(2)
      await on.backend.close()
      assert.equal(on.cluster.jobs.size, 2)
      assert.deepEqual(on.host.dismissed, [])
    })
  })

  describe('shares a cluster with the back-end of another dispatcher', () => {
    const two = async () => {
      const one = await bench()
      const other = new Bench({}, undefined, one.cluster)
      closing(other)
      await other.ready(2)
      other.follow()
      return { one, other }
    }

    it('which scales: it makes nothing, sends nobody away and blames nobody, but knows every worker', async () => {
      const { one, other } = await two()
      const [job] = await one.up(2)
      other.follow({ queued: 5, running: 2 })
      assert.deepEqual(
        other.host.admitted.sort(),
        [...one.cluster.jobs.keys()].map((name) => one.workerOf(name)).sort(),
      )
      one.cluster.end(job!, 1)
      other.now += 600_000
      other.follow({ queued: 5, running: 1 })
      assert.equal(other.backend.status().workers, 1)
      assert.deepEqual([one.cluster.jobs.size, other.host.dismissed, other.host.failures], [2, [], []])
      assert.equal(other.host.ended.length, 1)
    })

    it('and has the image ready, for workers that ask it what they are to run', async () => {
      const { other } = await two()
      await eventually(() => other.derived === 1)
      assert.equal(other.cluster.jobs.size, 0)
    })

    it('and takes over with all of its workers, those without a pod too', async () => {
      const { one, other } = await two()
      await one.up(2)
      one.cluster.makesPods = false
      one.scale({ queued: 1, running: 2 })
      await one.jobs(3)
      await one.backend.close()
      other.now += 600_000
      other.scale({ queued: 1, running: 2 })
      await eventually(() => {
        other.scale({ queued: 1, running: 2 })
        return other.backend.status().pending === 1
      })
      assert.deepEqual([other.backend.status().workers, one.cluster.jobs.size], [2, 3])
      one.cluster.makesPods = true
      other.scale({ queued: 2, running: 2 })
      await other.jobs(4)
    })

    it('hears that a worker got its function from the other one', async () => {
      const { one, other } = await two()
      one.scale({ queued: 1 })
      const [job] = await one.jobs(1)
      one.cluster.run(job!)
      await other.backend.workerFile(one.workerOf(job!), one.release)
      one.backend.noteUp(one.workerOf(job!))
      assert.deepEqual([one.backend.status().workers, other.backend.status().workers], [1, 1])
    })
  })

  describe('answers questions', () => {
    it('says how the kit gets in, and why', async () => {
      const on = await bench()
      const { notes } = on.backend.check(on.release.spec)
      assert.deepEqual(notes, [
        'kubernetes: r.example.org/work:1 runs in the namespace plants; the runtime kit comes by derived images, because derived images are kept in r.example.org/spillway',
      ])
      assert.match(on.backend.status().notes[0]!, /^Kubernetes v1\.34\.4; .*spillway\/instance=abc/)
    })

    it('refuses secrets that are in no Secret', async () => {
      const on = await bench()
      const { spec } = releaseOf({ secrets: [{ env: 'KEY', from: 'KEY' }] })
      assert.match(on.backend.check(spec).refusal ?? '', /takes secrets from NAME\/KEY.*"KEY"/)
    })

    it('limits work to the largest node, unless more come', async () => {
      const nodes = [nodeOf('n', { cpu: '2', memory: '4Gi' })]
      const fixed = await bench({}, (cluster) => (cluster.nodes = nodes))
      assert.deepEqual([fixed.backend.limits.memoryMax, fixed.backend.limits.cpuMax], [4096, 2])
      const growing = await bench({ autoscaling: true }, (cluster) => (cluster.nodes = nodes))
      assert.equal(growing.backend.limits.memoryMax, undefined)
    })

    it('brings workers of another architecture the kit for it', async () => {
      const on = await bench({
        kit: { wanted: 'init-container', kitImage: 'r.example.org/kit:1' },
        kitImages: { arm64: 'r.example.org/kit-arm64:1' },
      })
      on.scale({ queued: 1 }, { queued: 1, release: releaseOf({ architecture: 'arm64' }, 'arm') })
      const jobs = (await on.jobs(2)).map((name) => on.cluster.jobs.get(name)!.spec!.template.spec!)
      const architectureOf = ({ affinity }: (typeof jobs)[number]) =>
        affinity!.nodeAffinity!.requiredDuringSchedulingIgnoredDuringExecution!.nodeSelectorTerms[0]!
          .matchExpressions![0]!.values![0]!
      assert.deepEqual(jobs.map((pod) => `${architectureOf(pod)} ${pod.initContainers![0]!.image}`).toSorted(), [
        'amd64 r.example.org/kit:1',
        'arm64 r.example.org/kit-arm64:1',
      ])
    })

    it('keeps releases apart', () => assert.notEqual(keyOf(releaseOf({}, 'a', 1)), keyOf(releaseOf({}, 'a', 2))))
  })
})
