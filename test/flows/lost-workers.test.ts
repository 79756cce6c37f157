/** Workers and dispatchers that go away in the worst moment, each case by itself. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import type { ProblemDocument } from '../../runtime/contract/errors.js'
import { OUTCOME_CONTENT_TYPE, RUNTIME_PATHS } from '../../runtime/contract/runtime-api.js'
import { dispatchers, REPOSITORY, type DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { processesOf, signal, workerPids } from '../support/worker-pids.js'
import { workerHeaders } from '../support/worker-token.js'

const LEASE = { lease: 1, heartbeat: 0.2, drain: 0 }

describe('lost workers', function () {
  this.timeout(30_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)
  afterEach(() => processesOf(directory()).forEach((pid) => signal(pid, 'SIGKILL')))

  const numbers = (file: string) => readFileSync(join(directory(), file), 'utf8').trim().split('\n').map(Number)
  /** One that ended and that nobody has collected yet counts as gone. */
  const isThere = (pid: number) =>
    existsSync(`/proc/${pid}/status`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  const runs = (dispatcher: DispatcherProcess, id: string, attempt = 1) =>
    eventually(async () => {
      const { state, attempts } = await dispatcher.invocation(id)
      return state === 'running' && attempts === attempt
    })

  /** Writes down what it starts, in its group and out of it; ends only once `go` is there. */
  const family = () => `#!/bin/sh
cd ${directory()}
(sleep 300 & echo $! >> pids; wait) &
setsid sh -c 'echo $$ >> pids; sleep 300' &
echo $$ >> pids
while [ ! -e go ]; do sleep 0.02; done
echo done > "$TMP_OUTPUT_DIR/result.$SPILLWAY_ATTEMPT"
`

  it('leave no script behind when they are killed, and their attempt is run again at once', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-f', family(), { output: 'here://out/' })
    const { id } = await dispatcher.invoke('s-dev-f')
    const pids = await eventually(() => numbers('pids').length === 3 && numbers('pids'))
    const [worker] = workerPids(directory())
    signal(worker!, 'SIGKILL')
    await eventually(() => !pids.some(isThere), { what: 'the end of the scripts' })
    writeFileSync(join(directory(), 'go'), '')
    const record = await dispatcher.invocation(id, '?wait=10s')
    assert.deepEqual([record.state, record.tries.map(({ cause }) => cause)], ['succeeded', ['worker-lost', undefined]])
    assert.match(record.tries[0]!.message!, /the worker was killed by SIGKILL/)
  })

  it('leave no script behind in a power cut, and their attempts are run again at the next start, not a lease later', async () => {
    const first = await start()
    await first.put('s-dev-f', family(), { output: 'here://out/' })
    const { id } = await first.invoke('s-dev-f')
    const pids = await eventually(() => numbers('pids').length === 3 && numbers('pids'))
    const workers = workerPids(directory())
    const killed = first.kill()
    workers.forEach((pid) => signal(pid, 'SIGKILL'))
    await killed
    assert.ok(pids.some(isThere), 'the scripts outlived their supervisor')
    writeFileSync(join(directory(), 'go'), '')
    const second = await start()
    const record = await second.invocation(id, '?wait=10s')
    assert.deepEqual([record.state, record.tries.map(({ cause }) => cause)], ['succeeded', ['worker-lost', undefined]])
    assert.ok(!pids.some(isThere))
    assert.deepEqual(readdirSync(second.path('out')), ['result.2'])
  })

  it('finish what they run when only the dispatcher is killed', async () => {
    const config = { listen: `127.0.0.1:${await freePort()}` }
    const first = await start({ config })
    await first.put('s-dev-f', family(), { output: 'here://out/' })
    const { id } = await first.invoke('s-dev-f')
    await runs(first, id)
    await eventually(() => numbers('pids').length === 3)
    await first.kill()
    const second = await start({ config })
    writeFileSync(join(directory(), 'go'), '')
    const record = await second.invocation(id, '?wait=10s')
    assert.deepEqual([record.state, record.tries.length], ['succeeded', 1])
    assert.deepEqual(readdirSync(second.path('out')), ['result.1'])
  })

  it('come back as zombies and cannot commit: the result of the newer attempt stays', async () => {
    const config = { listen: `127.0.0.1:${await freePort()}`, ...LEASE }
    const first = await start({ config })
    const script = `#!/bin/sh
[ $SPILLWAY_ATTEMPT -gt 1 ] || while [ ! -e ${directory()}/go ]; do sleep 0.02; done
echo $SPILLWAY_ATTEMPT > "$TMP_OUTPUT_DIR/result"
`
    await first.put('s-dev-f', script, { output: 'here://out/' })
    const { id } = await first.invoke('s-dev-f')
    await runs(first, id)
    const [zombie] = workerPids(directory())
    signal(zombie!, 'SIGSTOP')
    // A worker of the dispatcher's own would be killed; of those of an earlier life it knows nothing.
    await first.kill()
    const second = await start({ config })
    const record = await second.invocation(id, '?wait=10s')
    assert.deepEqual([record.state, record.tries.map(({ cause }) => cause)], ['succeeded', ['worker-lost', undefined]])
    assert.deepEqual(await refusals(second, record), Array(6).fill([409, 'attempt-fenced']))
    writeFileSync(join(directory(), 'go'), '')
    signal(zombie!, 'SIGCONT')
    await eventually(() => !isThere(zombie!), { what: 'the end of the zombie' })
    assert.equal(readFileSync(second.path('out', 'result'), 'utf8'), '2\n')
    assert.deepEqual(await second.invocation(id), record)
    assert.equal(record.moves.filter(({ to }) => to === 'succeeded').length, 1)
  })

  /** What each worker is answered that goes on with its attempt now. */
  async function refusals(dispatcher: DispatcherProcess, { id, tries }: InvocationRecord) {
    const answers: [number, string][] = []
    for (const { number, worker } of tries)
      for (const [path, body] of [
        [RUNTIME_PATHS.heartbeat(`${id}.${number}`), {}],
        [RUNTIME_PATHS.outputs(`${id}.${number}`), { outputs: [{ name: 'result', size: 2 }] }],
        [RUNTIME_PATHS.response(`${id}.${number}`), { outcome: 'succeeded', outputs: [] }],
      ] as const) {
        const headers = { ...workerHeaders(directory(), { worker }), 'content-type': typeOf(path) }
        const answer = await dispatcher.call<ProblemDocument>('POST', path, JSON.stringify(body), headers)
        answers.push([answer.status, answer.body.code])
      }
    return answers
  }

  const typeOf = (path: string) => (path.endsWith('/response') ? OUTCOME_CONTENT_TYPE : 'application/json')

  it('that stand still give their slot back after a lease', async () => {
    const dispatcher = await start({ config: { ...LEASE, backends: { local: { slots: 1 } } } })
    await dispatcher.put('s-dev-f', family(), { output: 'here://out/' })
    const { id } = await dispatcher.invoke('s-dev-f')
    const pids = await eventually(() => numbers('pids').length === 3 && numbers('pids'))
    const [worker] = workerPids(directory())
    signal(worker!, 'SIGSTOP')
    writeFileSync(join(directory(), 'go'), '')
    const record = await dispatcher.invocation(id, '?wait=10s')
    assert.deepEqual([record.state, record.tries.map(({ cause }) => cause)], ['succeeded', ['worker-lost', undefined]])
    assert.ok(!isThere(worker!) && !pids.some(isThere))
  })
})

describe('two dispatchers', function () {
  this.timeout(30_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)
  const serve = (environment: Record<string, string>) =>
    spawnSync(process.execPath, [join(REPOSITORY, 'dist/dispatcher/main.js'), 'serve'], {
      encoding: 'utf8',
      timeout: 20_000,
      cwd: directory(),
      env: { PATH: process.env.PATH, ...environment },
    })

  it('do not share a database: the second one ends with 1 and says who has it', async () => {
    const first = await start()
    const state = join(directory(), 'state')
    const { status, stderr } = serve({ SPILLWAY_LISTEN: '127.0.0.1:0', SPILLWAY_STATE_DIRECTORY: state })
    assert.equal(status, 1)
    assert.match(stderr, new RegExp(`spillway\\.db is in use by another dispatcher \\(process ${first.pid}\\)`))
    assert.match(stderr, /database-locked/)
    assert.ok((await first.call('GET', '/readyz')).status === 200)
  })

  it('do not share an address: the second one ends with 1 and names it', async () => {
    const first = await start()
    const listen = first.url.replace('http://', '')
    const { status, stderr } = serve({ SPILLWAY_LISTEN: listen, SPILLWAY_STATE_DIRECTORY: join(directory(), 'other') })
    assert.equal(status, 1)
    assert.match(stderr, new RegExp(`listen must be a free address of this machine, got ${listen}`))
  })
})
