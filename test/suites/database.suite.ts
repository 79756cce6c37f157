/** What every driver of the Database keeps, as tests. */
import assert from 'node:assert/strict'
import { v7 } from 'uuid'
import type { AttemptRef, Claim, ClaimRequest, Database, Unreadable } from '../../dispatcher/database/database.js'
import type { Decision } from '../../runtime/contract/decision.js'
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { InvocationInput } from '../../runtime/contract/dispatcher-api.js'
import type { BackendName } from '../../runtime/contract/function-spec.js'
import type { ObjectEvent } from '../../runtime/contract/object-event.js'
import {
  DECISION,
  failure,
  functionSpec,
  newRelease,
  objectWork,
  requestWork,
  success,
  SUCCEEDED,
  T0,
} from '../support/database-work.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

export interface DatabaseDriver {
  name: string
  /** Opens the database that lives in a directory; the same directory again is the same database. */
  open(directory: string): Promise<Database>
}

const LEASE_UNTIL = T0 + 30_000

export function databaseSuite({ name, open }: DatabaseDriver): void {
  describe(`Database: ${name}`, () => {
    const directory = temporaryDirectory()
    let database: Database

    beforeEach(async () => {
      database = await open(directory())
      await database.putRelease(newRelease('f'))
      await database.putRelease(newRelease('g'))
    })
    afterEach(() => database.close())

    const reopen = async () => {
      await database.close()
      database = await open(directory())
    }
    const claim = (changes: Partial<ClaimRequest> = {}): Promise<Claim | undefined> =>
      database.claim({
        function: 'f',
        release: 1,
        backend: 'local',
        worker: 'w1',
        now: T0,
        leaseUntil: LEASE_UNTIL,
        ...changes,
      })
    /** Accepts one piece of work and lets a worker take it. */
    const started = async (key = 'k'): Promise<AttemptRef & { id: string }> => {
      await database.accept([objectWork('f', key)])
      const { invocation, attempt } = (await claim())!
      return { id: invocation, invocation, attempt }
    }
    const stateOf = async (id: string) => (await database.getInvocation(id))?.state
    const movesOf = async (id: string) => (await database.getInvocation(id))?.moves.map(({ to }) => to)

    describe('functions', () => {
      it('counts releases from 1 and keeps the same spec and package as the same release', async () => {
        const again = await database.putRelease(newRelease('f', { now: T0 + 5 }))
        assert.equal(again.created, false)
        assert.deepEqual([again.release.number, again.release.createdAt], [1, T0])
        const changed = await database.putRelease(newRelease('f', { spec: functionSpec({ timeout: 9 }), now: T0 + 5 }))
        assert.deepEqual([changed.created, changed.release.number, changed.release.createdAt], [true, 2, T0 + 5])
        const repacked = await database.putRelease(
          newRelease('f', { spec: functionSpec({ timeout: 9 }), package: Buffer.from('new'), packageDigest: 'new' }),
        )
        assert.equal(repacked.release.number, 3)
        assert.deepEqual(await database.currentRelease('f'), repacked.release)
        assert.equal((await database.getRelease('f', 1))?.spec.timeout, 300)
        assert.deepEqual(await database.getPackage('new'), Buffer.from('new'))
      })

      it('takes a spec with its keys in another order for the same', async () => {
        const spec = Object.fromEntries(Object.entries(functionSpec()).toReversed()) as ReturnType<typeof functionSpec>
        assert.equal((await database.putRelease(newRelease('f', { spec }))).created, false)
      })

      it('lists current releases by name, without those that were removed', async () => {
        await database.putRelease(newRelease('a'))
        assert.equal(await database.removeFunction('f', T0), true)
        assert.deepEqual(
          (await database.currentReleases()).map((release) => release.function),
          ['a', 'g'],
        )
        assert.equal(await database.currentRelease('f'), undefined)
        assert.equal((await database.getRelease('f', 1))?.number, 1)
      })

      it('knows nothing of what it was not given', async () => {
        assert.equal(await database.removeFunction('nobody', T0), false)
        assert.equal(await database.currentRelease('nobody'), undefined)
        assert.equal(await database.getRelease('f', 2), undefined)
        assert.equal(await database.getPackage('nothing'), undefined)
      })

      it('cancels the work of a function that is removed, except what is being published, and takes in no more', async () => {
        const publishing = await started('publishing')
        await database.beginPublishing(publishing, { outcome: SUCCEEDED, staged: [] })
        const running = await started('running')
        const other = objectWork('g', 'other')
        const queued = objectWork('f', 'queued')
        await database.accept([queued, other])
        assert.equal(await database.removeFunction('f', T0 + 9), true)
        assert.equal(await database.removeFunction('f', T0 + 9), false)
        assert.deepEqual(await Promise.all([queued.id, running.id, publishing.id, other.id].map(stateOf)), [
          'cancelled',
          'cancelled',
          'running',
          'queued',
        ])
        assert.equal(await database.settle(success(running)), 'fenced')
        await assert.rejects(database.accept([objectWork('f', 'late')]), { code: 'function-not-found' })
        assert.equal(await database.redrive(queued.id, T0), 'refused')
      })

      it('revives a removed function with the next number', async () => {
        await database.removeFunction('f', T0)
        const { release, created } = await database.putRelease(newRelease('f'))
        assert.deepEqual([created, release.number], [true, 2])
        const [answer] = await database.accept([objectWork('f', 'k', { release: 2 })])
        assert.equal(answer?.duplicate, false)
      })
    })

    describe('accept', () => {
      it('records an event once, in the same call, in the same turn and later', async () => {
        const calls = [
          database.accept([objectWork('f', 'k'), objectWork('f', 'k')]),
          database.accept([objectWork('f', 'k')]),
        ]
        const answers = (await Promise.all(calls)).flat()
        const [later] = await database.accept([objectWork('f', 'k')])
        assert.deepEqual(
          [...answers, later!].map(({ duplicate }) => duplicate),
          [false, true, true, true],
        )
        assert.equal(new Set([...answers, later!].map(({ id }) => id)).size, 1)
        assert.equal((await database.listInvocations({ limit: 10 })).invocations.length, 1)
      })

      it('tells what it has taken in before from what it has not, per function', async () => {
        await database.accept([objectWork('f', 'k'), objectWork('f', 'l')])
        const asked = [objectWork('f', 'k'), objectWork('g', 'k'), objectWork('f', 'new'), objectWork('f', 'l')]
        assert.deepEqual(await database.known([...asked, { function: 'f', identity: null }]), [
          true,
          false,
          false,
          true,
          false,
        ])
      })

      it('takes the same event for two functions as two pieces of work', async () => {
        const answers = await database.accept([objectWork('f', 'k'), objectWork('g', 'k')])
        assert.deepEqual(
          answers.map(({ duplicate }) => duplicate),
          [false, false],
        )
        const again = await database.accept([objectWork('g', 'k'), objectWork('f', 'k')])
        assert.deepEqual(
          again.map(({ id }) => id),
          answers.map(({ id }) => id).toReversed(),
        )
      })

      it('answers a duplicate with the state that the first is in', async () => {
        const first = await started()
        const [answer] = await database.accept([objectWork('f', 'k')])
        assert.deepEqual(answer, { id: first.id, duplicate: true, sameBody: true, state: 'running' })
      })

      it('tells when an idempotency key comes back with another body', async () => {
        await database.accept([requestWork('f', 'key', Buffer.from('one'))])
        const [same] = await database.accept([requestWork('f', 'key', Buffer.from('one'))])
        const [other] = await database.accept([requestWork('f', 'key', Buffer.from('two'))])
        assert.deepEqual([same?.sameBody, other?.sameBody, other?.duplicate], [true, false, true])
        assert.deepEqual(await database.getBody(same!.id), Buffer.from('one'))
      })

      it('takes work without identity as new every time, and keeps bodies byte by byte', async () => {
        const body = Buffer.from([0, 255, 10, 0])
        const answers = await database.accept([requestWork('f', null, body), requestWork('f', null, Buffer.alloc(0))])
        assert.deepEqual(
          answers.map(({ duplicate }) => duplicate),
          [false, false],
        )
        assert.deepEqual(await database.getBody(answers[0]!.id), body)
        assert.deepEqual(await database.getBody(answers[1]!.id), Buffer.alloc(0))
        assert.equal(await database.getBody(v7()), undefined)
      })

      it('records all of a call or none, and other calls of the same turn all the same', async () => {
        const bad = database.accept([objectWork('f', 'a'), objectWork('nobody', 'b')])
        const good = database.accept([objectWork('f', 'c')])
        await assert.rejects(bad, { code: 'function-not-found' })
        assert.equal((await good)[0]?.duplicate, false)
        const [again] = await database.accept([objectWork('f', 'a')])
        assert.equal(again?.duplicate, false)
      })

      it('reads what it has just been given, without waiting for the answer', async () => {
        const work = objectWork('f', 'schön/日本 +%.txt')
        void database.accept([work])
        assert.deepEqual(await database.getInvocation(work.id), {
          id: work.id,
          function: 'f',
          release: 1,
          state: 'queued',
          input: work.input,
          acceptedAt: T0,
          attempts: 0,
          moves: [
            { at: T0, to: 'accepted' },
            { at: T0, to: 'queued' },
          ],
          decision: DECISION,
          tries: [],
          outputs: [],
        })
      })
    })

    describe('claim', () => {
      it('hands work out once, in order of arrival, whoever else claims', async () => {
        const work = ['a', 'b', 'c'].map((key) => objectWork('f', key))
        await database.accept(work)
        const claims = await Promise.all(['w1', 'w2', 'w3', 'w4'].map((worker) => claim({ worker })))
        assert.deepEqual(
          claims.map((one) => one?.invocation),
          [...work.map(({ id }) => id), undefined],
        )
        assert.deepEqual(claims[0], { invocation: work[0]!.id, attempt: 1, input: work[0]!.input })
      })

      it('hands out only work of the release that was asked for', async () => {
        await database.putRelease(newRelease('f', { spec: functionSpec({ timeout: 9 }) }))
        const [old, current] = [objectWork('f', 'old'), objectWork('f', 'current', { release: 2 })]
        await database.accept([old, current])
        assert.equal((await claim({ release: 2 }))?.invocation, current.id)
        assert.equal(await claim({ release: 2 }), undefined)
        assert.equal(await claim({ function: 'g' }), undefined)
        assert.equal((await claim())?.invocation, old.id)
      })

      it('keeps to the concurrency of the function, over all its releases', async () => {
        await database.putRelease(newRelease('f', { spec: functionSpec({ timeout: 9 }) }))
        await database.accept([objectWork('f', 'a'), objectWork('f', 'b', { release: 2 }), objectWork('f', 'c')])
        const first = await claim({ concurrency: 2 })
        const both = await Promise.all([claim({ concurrency: 2, release: 2 }), claim({ concurrency: 2 })])
        assert.deepEqual(
          both.map((one) => one !== undefined),
          [true, false],
        )
        await database.settle(success(first!))
        assert.ok(await claim({ concurrency: 2 }))
      })

      it('forgets an attempt that nobody got to see, and never gives its number again', async () => {
        const first = await started()
        assert.equal(await database.unclaim(first, T0 + 1), 'held')
        assert.equal(await database.unclaim(first, T0 + 1), 'fenced')
        const record = await database.getInvocation(first.id)
        assert.deepEqual(
          [record?.state, record?.attempts, record?.tries, record?.startedAt],
          ['queued', 0, [], undefined],
        )
        const second = await claim()
        assert.equal(second?.invocation, first.id)
        assert.ok(second.attempt > first.attempt)
        assert.equal(await database.settle(success(first)), 'fenced')
        assert.equal(await database.settle(success(second)), 'held')
      })

      it('takes an attempt back until later, and says why', async () => {
        const first = await started()
        const back = { why: 'its storage\0 does not answer', notBefore: T0 + 1000 }
        assert.equal(await database.unclaim(first, T0 + 1, back), 'held')
        const record = await database.getInvocation(first.id)
        assert.deepEqual([record?.state, record?.notBefore, record?.attempts], ['queued', T0 + 1000, 0])
        assert.equal(record?.moves.at(-1)?.why, 'its storage\u{fffd} does not answer')
        assert.equal(await claim(), undefined)
        assert.equal(await database.nextDue(), T0 + 1000)
        assert.equal(await database.wakeDue(T0 + 1000), 1)
        assert.equal((await claim())?.invocation, first.id)
      })

      it('says why it was taken back once, and nothing of what nobody got to see', async () => {
        const id = (await started()).id
        const movesOf = async () => (await database.getInvocation(id))!.moves.map(({ to, why }) => [to, why])
        const waiting = [
          ['accepted', undefined],
          ['queued', undefined],
          ['queued', 'it\'s "away"'],
        ]
        const again = { attempt: 1, at: T0 }
        for (; again.attempt <= 5; again.attempt++, again.at += 60_000) {
          const back = { why: 'it\'s "away"', notBefore: again.at + 60_000 }
          assert.equal(await database.unclaim({ invocation: id, attempt: again.attempt }, again.at, back), 'held')
          assert.deepEqual(await movesOf(), waiting)
          await database.wakeDue(again.at + 60_000)
          await claim({ now: again.at + 60_000 })
        }
        assert.deepEqual((await movesOf()).at(-1), ['running', undefined])
        await database.unclaim({ invocation: id, attempt: again.attempt }, again.at)
        assert.deepEqual(await movesOf(), waiting)
      })

      it('sets work aside without taking it, by the place of its input', async () => {
        const [first, second, other, elsewhere] = ['a', 'b', 'c', 'd'].map((key) => objectWork('f', key))
        other!.input = inBucket(other!.input, { bucket: 'in2' })
        elsewhere!.input = inBucket(elsewhere!.input, { storage: 'there' })
        const request = requestWork('f', null, Buffer.from('x'))
        await database.accept([first!, second!, other!, elsewhere!, request])
        const away = { function: 'f', release: 1, why: 'away', notBefore: T0 + 500, now: T0 + 1 }
        const { storage, bucket } = (first!.input as { event: ObjectEvent }).event
        assert.equal(await database.setAside({ ...away, function: 'g', place: { storage } }), 0)
        assert.equal(await database.setAside({ ...away, place: { storage, bucket } }), 2)
        assert.equal(await database.setAside({ ...away, place: { storage, bucket } }), 0)
        const record = (await database.getInvocation(second!.id))!
        assert.deepEqual([record.state, record.notBefore], ['queued', T0 + 500])
        assert.deepEqual(record.moves.at(-1), { at: T0 + 1, to: 'queued', why: 'away' })
        assert.equal(await database.setAside({ ...away, place: { storage } }), 1)
        assert.deepEqual(
          [(await claim())?.invocation, (await claim())?.invocation, await claim()],
          [elsewhere!.id, request.id, undefined],
        )
        assert.equal(await database.wakeDue(T0 + 500), 3)
        assert.equal((await claim({ now: T0 + 500 }))?.invocation, first!.id)
      })

      it('has the times of attempts in their order, however long a claim had to wait', async () => {
        await database.accept([objectWork('f', 'a', { now: T0 + 5 })])
        const first = (await claim({ now: T0 }))!
        await database.settle(failure('worker-lost', { ...first, to: 'queued', now: T0 + 100 }))
        const second = (await claim({ now: T0 + 90 }))!
        const { tries, moves, startedAt } = (await database.getInvocation(first.invocation))!
        assert.deepEqual(
          tries.map((attempt) => [attempt.startedAt, attempt.endedAt]),
          [
            [T0 + 5, T0 + 100],
            [T0 + 100, undefined],
          ],
        )
        assert.equal(startedAt, T0 + 100)
        assert.deepEqual(
          moves.map(({ at }) => at - T0),
          [5, 5, 5, 100, 100],
        )
        assert.equal(await database.unclaim(second, T0 + 101), 'held')
        assert.equal((await database.getInvocation(first.invocation))!.moves.length, 4)
      })
    })

    describe('leases and fences', () => {
      it('finds the attempts whose lease ran out', async () => {
        const first = await started('a')
        const second = await started('b')
        assert.equal(await database.renewLease(first, LEASE_UNTIL + 10), 'held')
        const lost = await database.runningAttempts(LEASE_UNTIL + 5)
        assert.deepEqual(
          lost.map(({ invocation }) => invocation),
          [second.id],
        )
        assert.deepEqual(await database.runningAttempts(LEASE_UNTIL), [])
        assert.deepEqual(
          (await database.runningAttempts()).map(({ invocation }) => invocation),
          [first.id, second.id],
        )
      })

      it('knows a running attempt and nothing of others', async () => {
        const first = await started()
        assert.deepEqual(await database.runningAttempt(first), {
          invocation: first.id,
          attempt: 1,
          function: 'f',
          release: 1,
          backend: 'local',
          worker: 'w1',
          startedAt: T0,
          leaseUntil: LEASE_UNTIL,
          faults: 0,
          losses: 0,
          input: (await database.getInvocation(first.id))!.input,
        })
        assert.equal(await database.runningAttempt({ ...first, attempt: 2 }), undefined)
        assert.equal(await database.runningAttempt({ invocation: v7(), attempt: 1 }), undefined)
      })

      it('fences an attempt after its lease was taken, and lets the newest commit once', async () => {
        const first = await started()
        await database.settle(failure('worker-lost', { ...first, to: 'queued' }))
        const second = (await claim())!
        assert.deepEqual([second.invocation, second.attempt], [first.id, 2])
        assert.equal(await database.settle(success(first)), 'fenced')
        assert.equal(await database.renewLease(first, T0 + 1), 'fenced')
        assert.equal(await database.beginPublishing(first, { outcome: SUCCEEDED, staged: [] }), 'fenced')
        assert.equal(await stateOf(first.id), 'running')
        const commits = await Promise.all([database.settle(success(second)), database.settle(success(second))])
        assert.deepEqual(commits, ['held', 'fenced'])
        assert.equal((await database.getInvocation(first.id))?.tries[0]?.cause, 'worker-lost')
      })
    })

    describe('settle', () => {
      it('records a success with its results', async () => {
        const first = await started()
        const result = { encoding: 'utf8', body: 'done' } as const
        assert.equal(await database.settle(success({ ...first, now: T0 + 7, result })), 'held')
        const record = (await database.getInvocation(first.id))!
        assert.deepEqual(record.moves.at(-1), { at: T0 + 7, to: 'succeeded' })
        assert.deepEqual(record.outputs, [{ storage: 'here', bucket: 'out', key: 'a.txt', size: 3 }])
        assert.deepEqual([record.state, record.endedAt, record.result], ['succeeded', T0 + 7, result])
        assert.deepEqual(record.tries, [
          {
            number: 1,
            backend: 'local',
            worker: 'w1',
            startedAt: T0,
            endedAt: T0 + 7,
            exitCode: 0,
            times: { stageInMs: 1, runMs: 2, stageOutMs: 3 },
          },
        ])
      })

      it('counts faults of the user and losses apart, and keeps the last cause', async () => {
        const first = await started()
        await database.settle(failure('timeout', { ...first, to: 'queued' }))
        const second = (await claim())!
        await database.settle(failure('evicted', { ...second, to: 'queued', why: 'again' }))
        const third = (await claim())!
        const running = await database.runningAttempt(third)
        assert.deepEqual([running?.attempt, running?.faults, running?.losses], [3, 1, 1])
        await database.settle(failure('script-exit', { ...third, now: T0 + 3 }))
        const record = (await database.getInvocation(first.id))!
        assert.deepEqual(
          [record.state, record.cause, record.message, record.attempts, record.endedAt],
          ['failed', 'script-exit', 'it was script-exit', 3, T0 + 3],
        )
        assert.deepEqual(
          record.tries.map(({ cause }) => cause),
          ['timeout', 'evicted', 'script-exit'],
        )
        assert.equal(record.moves[5]?.why, 'again')
      })

      it('forgets earlier causes after a success', async () => {
        const first = await started()
        await database.settle(failure('timeout', { ...first, to: 'queued' }))
        assert.equal((await database.getInvocation(first.id))?.cause, 'timeout')
        await database.settle(success((await claim())!))
        const record = (await database.getInvocation(first.id))!
        assert.deepEqual([record.cause, record.message, record.tries[0]?.cause], [undefined, undefined, 'timeout'])
      })

      it('refuses moves that are not in the table as the bugs they are', async () => {
        const first = await started()
        await assert.rejects(database.settle(success({ ...first, to: 'running' })), /does not move/)
        await assert.rejects(database.settle(success({ ...first, to: 'failed' })), /does not move/)
        assert.equal(await stateOf(first.id), 'running')
      })
    })

    describe('publishing', () => {
      const publishing = {
        outcome: SUCCEEDED,
        staged: [{ storage: 'here', bucket: 'out', key: 'a.txt', size: 3, ticket: 't1' }],
      }

      it('outlives a restart', async () => {
        const first = await started()
        assert.equal(await database.beginPublishing(first, publishing), 'held')
        await reopen()
        assert.deepEqual((await database.runningAttempts())[0]?.publishing, publishing)
        assert.equal(await database.settle(success(first)), 'held')
        assert.deepEqual(await database.runningAttempts(), [])
      })

      it('cannot expire, be lost or be cancelled any more', async () => {
        const first = await started()
        await database.beginPublishing(first, publishing)
        assert.deepEqual(await database.runningAttempts(LEASE_UNTIL + 1e9), [])
        assert.equal(await database.cancel(first.id, T0), 'refused')
        assert.equal(await database.settle(failure('worker-lost', { ...first, to: 'queued' })), 'fenced')
        assert.equal(await stateOf(first.id), 'running')
        assert.equal((await database.runningAttempts()).length, 1)
      })

      it('keeps what was promised first, and can still turn out to be refused by the storage', async () => {
        const first = await started()
        await database.beginPublishing(first, publishing)
        assert.equal(await database.beginPublishing(first, { outcome: SUCCEEDED, staged: [] }), 'promised')
        assert.deepEqual((await database.runningAttempt(first))?.publishing, publishing)
        assert.equal(await database.settle(failure('output-refused', first)), 'held')
        assert.equal(await stateOf(first.id), 'failed')
      })
    })

    describe('cancel and redrive', () => {
      it('cancels what waits and what runs, and fences the attempt', async () => {
        const running = await started('running')
        const queued = objectWork('f', 'queued')
        await database.accept([queued])
        assert.deepEqual(await Promise.all([database.cancel(running.id, T0 + 2), database.cancel(queued.id, T0 + 2)]), [
          'cancelled',
          'cancelled',
        ])
        assert.equal(await database.renewLease(running, T0), 'fenced')
        assert.equal(await claim(), undefined)
        const record = (await database.getInvocation(running.id))!
        assert.deepEqual([record.cause, record.endedAt, record.tries[0]?.cause], ['cancelled', T0 + 2, 'cancelled'])
        assert.deepEqual(await movesOf(queued.id), ['accepted', 'queued', 'cancelled'])
      })

      it('refuses to cancel what has ended, and does not know others', async () => {
        const [succeeded, failed] = [await started('a'), await started('b')]
        await database.settle(success(succeeded))
        await database.settle(failure('timeout', failed))
        assert.deepEqual(await Promise.all([succeeded.id, failed.id].map((id) => database.cancel(id, T0))), [
          'refused',
          'refused',
        ])
        assert.equal(await database.cancel(v7(), T0), 'unknown')
      })

      it('queues failed and cancelled work again with fresh counts and growing numbers', async () => {
        const first = await started()
        await database.settle(failure('timeout', first))
        assert.equal(await database.redrive(first.id, T0 + 5), 'redriven')
        const record = (await database.getInvocation(first.id))!
        assert.deepEqual(
          [record.state, record.cause, record.message, record.endedAt, record.attempts],
          ['queued', undefined, undefined, undefined, 1],
        )
        const second = (await claim())!
        assert.equal(second.attempt, 2)
        const running = await database.runningAttempt(second)
        assert.deepEqual([running?.faults, running?.losses], [0, 0])
        await database.cancel(first.id, T0)
        assert.equal(await database.redrive(first.id, T0), 'redriven')
        assert.deepEqual(await movesOf(first.id), [
          'accepted',
          'queued',
          'running',
          'failed',
          'queued',
          'running',
          'cancelled',
          'queued',
        ])
      })

      it('refuses to redrive what waits, runs or has succeeded', async () => {
        const first = await started()
        assert.equal(await database.redrive(first.id, T0), 'refused')
        await database.settle(success(first))
        assert.equal(await database.redrive(first.id, T0), 'refused')
        assert.equal(await database.redrive(v7(), T0), 'unknown')
      })

      it('redrives all failed work of a function and nothing else', async () => {
        const failed = [await started('a'), await started('b')]
        for (const one of failed) await database.settle(failure('timeout', one))
        const cancelled = await started('c')
        await database.cancel(cancelled.id, T0)
        assert.equal(await database.redriveFunction('g', T0), 0)
        assert.equal(await database.redriveFunction('f', T0), 2)
        assert.equal((await claim())?.invocation, failed[0]!.id)
        assert.equal(await stateOf(cancelled.id), 'cancelled')
      })
    })

    describe('retries that wait', () => {
      const delayed = async (key: string, notBefore: number) => {
        const one = await started(key)
        await database.settle(failure('timeout', { ...one, to: 'queued', notBefore }))
        return one.id
      }

      it('wakes them when their time has come, the oldest first', async () => {
        assert.equal(await database.nextDue(), undefined)
        const late = await delayed('late', T0 + 200)
        const soon = await delayed('soon', T0 + 100)
        assert.equal((await database.getInvocation(late))?.notBefore, T0 + 200)
        assert.equal(await database.nextDue(), T0 + 100)
        assert.equal(await claim({ now: T0 + 300 }), undefined)
        assert.equal(await database.wakeDue(T0 + 99), 0)
        assert.equal(await database.wakeDue(T0 + 100), 1)
        assert.equal((await claim())?.invocation, soon)
        assert.equal(await database.wakeDue(T0 + 1000), 1)
        assert.equal((await claim())?.invocation, late)
        assert.equal(await database.nextDue(), undefined)
      })

      it('makes a retry without delay ready at once, before what came later', async () => {
        const first = await started('first')
        await database.accept([objectWork('f', 'second')])
        await database.settle(failure('worker-lost', { ...first, to: 'queued', notBefore: T0, now: T0 }))
        assert.equal((await claim())?.invocation, first.id)
      })

      it('can be cancelled while they wait', async () => {
        const id = await delayed('k', T0 + 100)
        assert.equal(await database.cancel(id, T0), 'cancelled')
        assert.equal(await database.nextDue(), undefined)
        assert.equal((await database.getInvocation(id))?.notBefore, undefined)
      })
    })

    describe('back-ends', () => {
      const decided = (eligible: BackendName[], spillAt: number | null = null): Decision => ({
        ...DECISION,
        eligible,
        spillAt,
      })
      const waiting = async (key: string, decision: Decision) =>
        (await database.accept([objectWork('f', key, { decision })]))[0]!.id
      const claimOn = async (backend: BackendName, now = T0) => (await claim({ backend, now }))?.invocation

      it('get only what the decision names them for, in order of arrival', async () => {
        const onBoth = await waiting('a', decided(['kubernetes', 'local']))
        const onLocal = await waiting('b', decided(['local']))
        const onKubernetes = await waiting('c', decided(['kubernetes']))
        const later = await waiting('d', decided(['kubernetes', 'local']))
        assert.deepEqual(
          [await claimOn('kubernetes'), await claimOn('kubernetes'), await claimOn('kubernetes')],
          [onBoth, onKubernetes, later],
        )
        assert.deepEqual(
          [await claimOn('local'), await claimOn('local'), await claimOn('lambda')],
          [onLocal, undefined, undefined],
        )
      })

      it('that are public get what may spill over by now, what is due longest first; private ones need not wait', async () => {
        const late = await waiting('a', decided(['local', 'lambda'], T0 + 20))
        const early = await waiting('b', decided(['local', 'lambda'], T0 + 10))
        const never = await waiting('c', decided(['local', 'lambda']))
        const only = await waiting('d', decided(['lambda'], T0 + 15))
        assert.equal(await claimOn('lambda', T0 + 9), undefined)
        assert.deepEqual([await claimOn('lambda', T0 + 15), await claimOn('lambda', T0 + 15)], [early, only])
        assert.equal(await claimOn('lambda', T0 + 15), undefined)
        assert.deepEqual(
          [await claimOn('local'), await claimOn('local'), await claimOn('local')],
          [late, never, undefined],
        )
      })

      it('may be others for the next attempt', async () => {
        await waiting('a', decided(['local', 'lambda'], T0))
        const first = (await claim({ backend: 'lambda' }))!
        const decision = decided(['local'])
        await database.settle(failure('timeout', { ...first, to: 'queued', decision, cost: 0.25 }))
        await reopen()
        assert.equal(await claimOn('lambda'), undefined)
        assert.equal(await claimOn('local'), first.invocation)
        const record = await database.getInvocation(first.invocation)
        assert.deepEqual(record?.decision, decision)
        assert.deepEqual(
          record?.tries.map(({ backend, cost }) => [backend, cost]),
          [
            ['lambda', 0.25],
            ['local', undefined],
          ],
        )
      })

      it('may be decided about again while it waits, and only then', async () => {
        const both = { ...DECISION, eligible: ['local', 'lambda'] as BackendName[], spillAt: T0 + 60_000 }
        const [a, b] = await database.accept([
          objectWork('f', 'a', { decision: both }),
          objectWork('f', 'b', { decision: both }),
          objectWork('f', 'c'),
        ])
        const wait = { function: 'f', release: 1, eligible: both.eligible, limit: 10 }
        const waiting = await database.waiting(wait)
        assert.deepEqual(
          waiting.map(({ invocation, acceptedAt, decision, attempts }) => [invocation, acceptedAt, decision, attempts]),
          [a, b].map((answer) => [answer!.id, T0, both, 0]),
        )
        assert.deepEqual(await database.waiting({ ...wait, after: waiting[1]!.place }), [])
        await claim()
        const home = { ...both, eligible: ['local'] as BackendName[], spillAt: null }
        const again = (id: string) => ({ invocation: id, decision: home })
        assert.equal(await database.redecide([again(a!.id), again(b!.id)]), 1)
        assert.deepEqual((await database.getInvocation(a!.id))!.decision, both)
        assert.deepEqual((await database.getInvocation(b!.id))!.decision, home)
        const [backlog] = await database.backlogs(10)
        assert.deepEqual([backlog!.queuedFor, backlog!.runningOn], [{ local: 2 }, { local: 1 }])
        assert.equal(await claim({ backend: 'lambda', now: T0 + 60_000 }), undefined)
      })

      it('have a past, in the order of arrival', async () => {
        const first = await started('a')
        await database.settle(success({ ...first, now: T0 + 1000, cost: 0.5 }))
        const second = await started('b')
        await database.settle(failure('timeout', { ...second, now: T0 + 2000 }))
        await database.accept([objectWork('f', 'c')])
        const past = await database.endedInvocations('', 10)
        assert.deepEqual(
          past.map(({ id, state, attempts, backend, cost, endedAt }) => [id, state, attempts, backend, cost, endedAt]),
          [
            [first.id, 'succeeded', 1, 'local', 0.5, T0 + 1000],
            [second.id, 'failed', 1, 'local', 0, T0 + 2000],
          ],
        )
        assert.deepEqual(await database.endedInvocations(first.id, 10), past.slice(1))
        assert.deepEqual(await database.endedInvocations('', 1), past.slice(0, 1))
      })

      it('remember how long attempts took, the newest first', async () => {
        const first = await started('a')
        await database.settle(success({ ...first, now: T0 + 1000 }))
        const second = await started('b')
        await database.settle(failure('timeout', { ...second, now: T0 + 2000 }))
        const ended = await database.endedAttempts(10)
        assert.deepEqual(
          ended.map(({ backend, startedAt, endedAt, cause }) => [backend, startedAt, endedAt, cause]),
          [
            ['local', T0, T0 + 2000, 'timeout'],
            ['local', T0, T0 + 1000, undefined],
          ],
        )
        assert.equal((await database.endedAttempts(1)).length, 1)
      })

      it('have backlogs of their own', async () => {
        await waiting('a', decided(['local', 'lambda'], T0 + 99))
        await waiting('b', decided(['kubernetes', 'lambda']))
        await waiting('c', decided(['lambda'], T0))
        await claimOn('kubernetes')
        assert.deepEqual(await database.backlogs(10), [
          {
            function: 'f',
            release: 1,
            queued: 2,
            queuedFor: { local: 1, lambda: 2 },
            running: 1,
            runningOn: { kubernetes: 1 },
          },
        ])
      })

      it('that are paid are paid for by function and hour', async () => {
        const hour = 3600 * 1000
        for (const [key, now, cost] of [
          ['a', T0 + 1, 0.5],
          ['b', T0 + 2, 0.25],
          ['c', T0 + hour, 1],
        ] as const)
          await database.settle(success({ ...(await started(key)), now, cost }))
        await database.settle(success(await started('d')))
        assert.deepEqual(await database.spending(T0), [
          { function: 'f', hour: T0, cost: 0.75 },
          { function: 'f', hour: T0 + hour, cost: 1 },
        ])
        assert.deepEqual(await database.spending(T0 + hour + 5), [{ function: 'f', hour: T0 + hour, cost: 1 }])
      })

      it('that are paid are owed for what was cancelled, lost or not known, and paid once', async () => {
        const onLambda = async (key: string) => {
          const invocation = await waiting(key, decided(['lambda'], T0))
          return { invocation, attempt: (await claim({ backend: 'lambda' }))!.attempt }
        }
        const [cancelled, lost, paid] = [await onLambda('a'), await onLambda('b'), await onLambda('c')]
        const runs = await onLambda('d')
        await database.settle(success({ ...(await started('at home')) }))
        await database.cancel(cancelled.invocation, T0 + 1)
        await database.settle(failure('worker-lost', { ...lost, to: 'queued', now: T0 + 2 }))
        await database.settle(failure('script-exit', { ...paid, now: T0 + 3, cost: 0 }))
        const owed = await database.owed(T0)
        assert.deepEqual(
          owed.map(({ invocation, attempt, backend, endedAt }) => [invocation, attempt, backend, endedAt]),
          [
            [cancelled.invocation, 1, 'lambda', T0 + 1],
            [lost.invocation, 1, 'lambda', T0 + 2],
          ],
        )
        assert.deepEqual([owed[0]!.function, owed[0]!.release, owed[0]!.startedAt], ['f', 1, T0])
        assert.equal(owed[0]!.input.kind, 'object')
        assert.deepEqual(await database.owed(T0 + 2), owed.slice(1))
        assert.deepEqual(await database.owed(T0, { passed: 0, most: 1 }), owed.slice(0, 1))
        assert.deepEqual(await database.owed(T0, { passed: 1, most: 1 }), owed.slice(1))
        assert.deepEqual(await database.owed(T0, { passed: 2, most: 1 }), [])
        const payments = [
          [cancelled, 0.5],
          [cancelled, 0.5],
          [lost, 0.25],
          [paid, 1],
          [runs, 1],
        ] as const
        const answers = await Promise.all(payments.map(([attempt, cost]) => database.pay(attempt, cost, T0 + 5)))
        assert.deepEqual(answers, [true, false, true, false, false])
        await reopen()
        assert.equal(await database.pay(lost, 0.25, T0 + 6), false)
        assert.deepEqual(await database.owed(T0), [])
        assert.deepEqual(await database.spending(T0), [{ function: 'f', hour: T0, cost: 0.75 }])
        const record = await database.getInvocation(cancelled.invocation)
        assert.deepEqual([record?.state, record?.tries[0]?.cost], ['cancelled', 0.5])
        assert.equal((await database.runningAttempt(runs))?.attempt, 1)
      })
    })

    describe('backlogs and totals', () => {
      it('show ready and running work per release, ready up to the limit', async () => {
        await database.accept(['a', 'b', 'c', 'd'].map((key) => objectWork('f', key)))
        await database.accept([objectWork('g', 'a')])
        await claim()
        const waits = (await claim())!
        await database.settle(failure('timeout', { ...waits, to: 'queued', notBefore: T0 + 9 }))
        assert.deepEqual(await database.backlogs(10), [
          { function: 'f', release: 1, queued: 2, queuedFor: { local: 2 }, running: 1, runningOn: { local: 1 } },
          { function: 'g', release: 1, queued: 1, queuedFor: { local: 1 }, running: 0, runningOn: {} },
        ])
        assert.deepEqual(
          (await database.backlogs(1)).map(({ queued }) => queued),
          [1, 1],
        )
        await database.removeFunction('g', T0)
        assert.deepEqual(
          (await database.backlogs(10)).map((backlog) => backlog.function),
          ['f'],
        )
      })

      it('count every invocation in the state that it is in', async () => {
        await database.settle(success(await started('a')))
        await database.settle(failure('timeout', await started('b')))
        await database.settle(failure('timeout', await started('c')))
        await database.settle(failure('image', await started('d')))
        await database.settle(failure('timeout', { ...(await started('e')), to: 'queued', notBefore: T0 + 9 }))
        await started('g')
        await reopen()
        assert.deepEqual(await database.totals(), [
          { function: 'f', state: 'failed', cause: 'image', count: 1 },
          { function: 'f', state: 'failed', cause: 'timeout', count: 2 },
          { function: 'f', state: 'queued', count: 1 },
          { function: 'f', state: 'running', count: 1 },
          { function: 'f', state: 'succeeded', count: 1 },
        ])
      })
    })

    describe('the list', () => {
      it('gives pages, newest first, that new work does not shift', async () => {
        const work = Array.from({ length: 5 }, (_, i) => objectWork('f', `k${i}`, { now: T0 + Math.floor(i / 2) }))
        await database.accept(work)
        const seen: string[] = []
        let cursor: string | undefined
        do {
          const page = await database.listInvocations({ limit: 2, cursor })
          seen.push(...page.invocations.map(({ id }) => id))
          cursor = page.cursor
          await database.accept([objectWork('f', `new${seen.length}`, { now: T0 + 100 })])
        } while (cursor)
        assert.deepEqual(seen, work.map(({ id }) => id).toReversed())
      })

      it('has no cursor on the last page, also when it is full', async () => {
        await database.accept([objectWork('f', 'a'), objectWork('f', 'b')])
        assert.equal((await database.listInvocations({ limit: 2 })).cursor, undefined)
        assert.ok((await database.listInvocations({ limit: 1 })).cursor)
      })

      it('filters by function, state and time', async () => {
        const first = await started('a')
        const second = objectWork('f', 'b', { now: T0 + 10 })
        const third = objectWork('g', 'c', { now: T0 + 20 })
        await database.accept([second, third])
        const ids = async (filter: object) =>
          (await database.listInvocations({ limit: 9, ...filter })).invocations.map(({ id }) => id)
        assert.deepEqual(await ids({ function: 'f' }), [second.id, first.id])
        assert.deepEqual(await ids({ state: 'queued' }), [third.id, second.id])
        assert.deepEqual(await ids({ function: 'f', state: 'running' }), [first.id])
        assert.deepEqual(await ids({ since: T0 + 10 }), [third.id, second.id])
        assert.deepEqual(await ids({ function: 'g', since: T0 + 21 }), [])
      })

      it('refuses a cursor that is not its own', async () => {
        for (const cursor of ['', 'x', Buffer.from('1.2.3').toString('base64url')])
          await assert.rejects(database.listInvocations({ limit: 1, cursor }), { code: 'invalid-request' })
      })
    })

    describe('quarantine', () => {
      it('keeps what could not be read byte by byte, with the reason, until somebody throws it away', async () => {
        const body = Buffer.from([0x7b, 0, 0xff])
        for (const [index, problem] of ['not JSON', 'no \0 event', 'no key'].entries())
          await database.quarantine({ source: 'minio', body, problem, now: T0 + index, keep: { most: 3, since: T0 } })
        const all = await database.quarantined({ before: Number.MAX_SAFE_INTEGER, limit: 10 })
        assert.deepEqual(
          all.map(({ at, source, problem, size }) => [at, source, problem, size]),
          [
            [T0 + 2, 'minio', 'no key', 3],
            [T0 + 1, 'minio', 'no \u{fffd} event', 3],
            [T0, 'minio', 'not JSON', 3],
          ],
        )
        const [newest, middle, oldest] = all.map(({ number }) => number)
        assert.deepEqual(await database.quarantined({ before: newest!, limit: 1 }), [all[1]])
        assert.deepEqual(await database.quarantinedBody(oldest!), body)
        assert.deepEqual(
          [await database.dropQuarantined(middle!), await database.dropQuarantined(middle!)],
          [true, false],
        )
        assert.equal(await database.quarantinedBody(middle!), undefined)
        assert.equal((await database.quarantined({ before: newest!, limit: 10 })).length, 1)
      })

      it('lets the oldest go for what comes, by number and by age, and never what is newer', async () => {
        const keep = (index: number, { most, since }: Unreadable['keep']) =>
          database.quarantine({
            source: 'minio',
            body: Buffer.from([index]),
            problem: '?',
            now: T0 + index,
            keep: { most, since },
          })
        const times = async () =>
          (await database.quarantined({ before: Number.MAX_SAFE_INTEGER, limit: 10 })).map(({ at }) => at - T0)
        for (let index = 1; index <= 6; index++) await keep(index, { most: 4, since: T0 })
        assert.deepEqual(await times(), [6, 5, 4, 3])
        await keep(7, { most: 4, since: T0 + 6 })
        assert.deepEqual(await times(), [7, 6])
        await keep(8, { most: 4, since: T0 })
        assert.deepEqual(await times(), [8, 7, 6])
      })
    })

    describe('closing', () => {
      it('keeps everything for the next one who opens', async () => {
        const first = await started()
        await reopen()
        assert.equal(await stateOf(first.id), 'running')
        assert.equal(await database.renewLease(first, T0), 'held')
        assert.equal((await database.currentReleases()).length, 2)
        assert.deepEqual(await database.getPackage('digest-of-package'), Buffer.from('package'))
        const [again] = await database.accept([objectWork('f', 'k')])
        assert.equal(again?.duplicate, true)
      })

      it('waits for what is under way and refuses what comes after', async () => {
        const under = database.accept([objectWork('f', 'k')])
        await Promise.all([database.close(), database.close()])
        assert.equal((await under)[0]?.duplicate, false)
        assert.equal(await database.healthy(), false)
        const refused = (error: unknown) => error instanceof SpillwayError && error.code === 'database-unavailable'
        await assert.rejects(database.accept([objectWork('f', 'l')]), refused)
        await assert.rejects(database.totals(), refused)
      })

      it('is healthy while it is open', async () => {
        assert.equal(await database.healthy(), true)
      })
    })
  })
}

function inBucket(input: InvocationInput, place: Partial<ObjectEvent>): InvocationInput {
  assert.ok(input.kind === 'object')
  return { ...input, event: { ...input.event, ...place } }
}
