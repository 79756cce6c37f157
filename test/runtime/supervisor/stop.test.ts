import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NEXT_MS, RUNTIME_PATHS } from '../../../runtime/contract/runtime-api.js'
import { EXIT } from '../../../runtime/contract/worker-environment.js'
import { eventually } from '../../support/eventually.js'
import { bench, failedWith, succeeded, type Bench } from './bench.js'

describe('supervisor: being stopped', () => {
  const on = bench()

  /** Starts a script that says when it runs, in a file called `running` that holds its process id. */
  async function running(script: string, worker = {}) {
    const it = on()
    const mark = join(it.directory, 'running')
    const environment = { MARK: mark }
    const supervisor = await it.start(`${script}\n`, { environment, ...worker })
    const attempt = it.hand()
    const id = Number(await eventually(() => existsSync(mark) && readFileSync(mark, 'utf8').trim()))
    return { ...it, supervisor, attempt, id }
  }
  const POLITE = 'echo $$ > "$MARK"; echo result > "$TMP_OUTPUT_DIR/result"; while :; do sleep 0.05; done'
  const announcesNothing = ({ api }: Bench) => assert.deepEqual(api.announced, [])

  it('ends at the deadline: TERM to the whole group, KILL for what ignores it, nothing published', async () => {
    const it = on()
    const script = `echo result > "$TMP_OUTPUT_DIR/result"
trap 'echo "got TERM"; exit 0' TERM
sh -c 'trap "" TERM; echo $$ > "${it.directory}/child"; while :; do sleep 0.2; done' &
while :; do sleep 0.05; done`
    await it.start(script)
    const started = Date.now()
    const outcome = failedWith(await it.outcomeOf(it.hand(deadlineIn(500))))
    assert.deepEqual([outcome.cause, it.api.logText('stdout')], ['timeout', 'got TERM'])
    const seconds = (Date.now() - started) / 1000
    assert.ok(seconds > 5.4 && seconds < 9, `${seconds} s`)
    await eventually(() => !isAlive(Number(readFileSync(join(it.directory, 'child'), 'utf8'))))
    announcesNothing(it)
  }).timeout(15_000)

  it('does not wait for those that end at TERM, and finds what left the group', async () => {
    const it = on()
    await it.start(`setsid sh -c 'echo $$ > "${it.directory}/child"; sleep 300' & sleep 300`)
    const outcome = failedWith(await it.outcomeOf(it.hand(deadlineIn(700))))
    assert.deepEqual([outcome.cause, outcome.signal, outcome.times!.runMs < 4000], ['timeout', 'SIGTERM', true])
    await eventually(() => !isAlive(Number(readFileSync(join(it.directory, 'child'), 'utf8'))))
  })

  it('takes a new deadline from a heartbeat', async () => {
    const it = on()
    it.api.heartbeat = () => ({ deadlineMs: Date.now() - 1 })
    const outcome = failedWith(await it.run('sleep 300'))
    assert.equal(outcome.cause, 'timeout')
  })

  it('stops what somebody cancelled', async () => {
    const it = await running(POLITE)
    it.api.heartbeat = () => ({ cancel: true })
    assert.equal(failedWith(await it.outcomeOf(it.attempt)).cause, 'cancelled')
    await eventually(() => !isAlive(it.id))
    announcesNothing(it)
  })

  it('stops and says nothing once another attempt has taken over, and takes the next one', async () => {
    const it = await running(POLITE)
    it.api.rule = ({ path }) => (path.endsWith(`${it.attempt}/heartbeat`) ? { status: 409 } : undefined)
    await eventually(() => !isAlive(it.id) && it.api.waiting === 1)
    assert.deepEqual([it.api.outcomes.size, it.api.released], [0, []])
    announcesNothing(it)
  })

  it('gives its attempt back at SIGTERM and ends', async () => {
    const it = await running(POLITE)
    it.supervisor.child.kill('SIGTERM')
    assert.deepEqual(await it.supervisor.ended, { code: 0, signal: null })
    assert.deepEqual([it.api.released, it.api.outcomes.size, isAlive(it.id)], [[it.attempt], 0, false])
    assert.equal(existsSync(join(it.supervisor.scratch, it.attempt)), false)
    announcesNothing(it)
  })

  it('gives back what comes with the answer to its last report', async () => {
    const { start, hand, api } = on()
    const [first, second] = [hand(), hand()]
    const supervisor = await start('true')
    api.rule = ({ path }) => {
      if (path.includes(first)) supervisor.child.kill('SIGTERM')
      return undefined
    }
    assert.deepEqual(await supervisor.ended, { code: 0, signal: null })
    assert.deepEqual([[...api.outcomes.keys()], api.released], [[first], [second]])
  })

  it('waits no longer at a second SIGTERM', async () => {
    const it = await running(`trap "" TERM; ${POLITE}`)
    it.supervisor.child.kill('SIGTERM')
    const since = Date.now()
    await eventually(() => (it.supervisor.child.kill('SIGTERM'), !isAlive(it.id)), { everyMs: 100 })
    assert.equal((await it.supervisor.ended).code, 0)
    assert.ok(Date.now() - since < 3000)
    assert.deepEqual(it.api.released, [it.attempt])
  })

  it('ends at once at SIGTERM when it has nothing to do', async () => {
    const it = on()
    const supervisor = await it.start('true')
    await eventually(() => it.api.waiting === 1)
    supervisor.child.kill('SIGTERM')
    assert.deepEqual(await supervisor.ended, { code: 0, signal: null })
    assert.equal(supervisor.errors, '')
  })

  it('stops what it runs when the dispatcher has been out of reach for a lease, and then itself', async () => {
    const it = await running(POLITE, { leaseSeconds: 0.6 })
    await it.api.stop()
    await eventually(() => !isAlive(it.id), { timeoutMs: 5000 })
    assert.equal((await it.supervisor.ended).code, EXIT.outOfReach)
    assert.match(it.supervisor.errors, /no dispatcher for 0\.6 s/)
  })

  it('asks again, over a new connection, when the dispatcher stands still while it waits for work', async () => {
    const it = on()
    await it.start('true')
    await eventually(() => it.api.waiting === 1)
    it.api.forgetWaiting()
    const attempt = it.hand()
    await eventually(() => it.api.outcomes.has(attempt), { timeoutMs: NEXT_MS + 10_000, what: 'that it asks again' })
  }).timeout(NEXT_MS + 15_000)

  it('keeps its outcome while the dispatcher is away', async () => {
    const it = await running(
      'echo $$ > "$MARK"; while [ ! -e "$MARK.go" ]; do sleep 0.02; done; echo r > "$TMP_OUTPUT_DIR/r"',
    )
    await it.api.stop()
    writeFileSync(join(it.directory, 'running.go'), '')
    await eventually(() => !isAlive(it.id))
    await it.api.missed(2)
    await it.api.listen()
    assert.deepEqual(succeeded(await it.outcomeOf(it.attempt)).outputs, ['r'])
  })

  it('repeats an outcome that was answered with a fault of the server, and drops one that is fenced', async () => {
    const it = on()
    let refusals = 3
    it.api.rule = ({ path }) => (path.endsWith('/response') && refusals-- > 0 ? { status: 503 } : undefined)
    succeeded(await it.run('true'))
    const fenced = it.hand()
    it.api.rule = ({ path }) => (path === RUNTIME_PATHS.response(fenced) ? { status: 409 } : undefined)
    await eventually(() => it.api.calls.some(({ path }) => path === RUNTIME_PATHS.response(fenced)))
    succeeded(await it.outcomeOf(it.hand()))
    assert.equal(it.api.outcomes.has(fenced), false)
  })
})

const deadlineIn = (milliseconds: number) => ({
  limits: { deadlineMs: Date.now() + milliseconds, ephemeralStorageSize: 512 },
})

/** A process that ended and was not yet collected by its parent counts as gone. */
function isAlive(id: number): boolean {
  try {
    process.kill(id, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${id}/status`, 'utf8'))
  } catch {
    return false
  }
}
