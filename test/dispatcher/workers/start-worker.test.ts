/** A worker that has nothing but a start token, from its first call to its first attempt; and who else comes with that token. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { signWorkerToken } from '../../../dispatcher/workers/worker-token.js'
import type { Release } from '../../../runtime/contract/release.js'
import { RUNTIME_PATHS, type StartAnswer, type WorkerFile } from '../../../runtime/contract/runtime-api.js'
import { SUPERVISOR_VARIABLES } from '../../../runtime/contract/worker-environment.js'
import { serveDispatcher, type ServedDispatcher } from '../../support/served-dispatcher.js'
import { SupervisorProcess } from '../../support/supervisor-process.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

const SCRIPT = '#!/bin/sh\ncat; cat "$SPILLWAY_FILES_DIR/data/large" | wc -c; env\n'
const LARGE_BYTES = 3_000_000

describe('starting with a start token', () => {
  const directory = temporaryDirectory()
  let served: ServedDispatcher
  let release: Release
  let worker: string
  let token: string

  const workerFile = (of: Release): Promise<WorkerFile> =>
    Promise.resolve({
      function: of.function,
      release: of.number,
      backend: 'local',
      run: { kind: 'script', path: join(directory(), 'fetched', 'run.sh') },
      environment: { COLOUR: 'blue' },
      filesDir: join(directory(), 'fetched'),
      fresh: true,
      heartbeatSeconds: 1,
      leaseSeconds: 5,
    })

  beforeEach(async () => {
    served = await serveDispatcher(directory(), { workerFile: (_, of) => workerFile(of) })
    const files = [
      { path: 'run.sh', mode: 0o755, data: Buffer.from(SCRIPT).toString('base64') },
      { path: 'data/large', mode: 0o644, data: Buffer.alloc(LARGE_BYTES, 'x').toString('base64') },
    ]
    await call('PUT', '/v1/functions/f', { spec: { script: 'run.sh', files: ['data/*'] }, files })
    release = (await served.dispatcher.database.currentRelease('f'))!
    worker = randomUUID()
    token = served.host.admitStarting(worker, release, { sharesDisk: false })
  })
  afterEach(() => served.stop())

  const call = (method: string, path: string, body?: unknown, bearer?: string) =>
    fetch(path.startsWith('http') ? path : served.url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const start = (bearer = token, nonce = 'nonce-of-the-worker') => call('POST', RUNTIME_PATHS.start, { nonce }, bearer)
  const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code

  function launch(): SupervisorProcess {
    const environment = {
      [SUPERVISOR_VARIABLES.startToken]: token,
      [SUPERVISOR_VARIABLES.workerToken]: '',
      [SUPERVISOR_VARIABLES.workerFile]: '',
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
      KUBERNETES_PORT: 'tcp://10.0.0.1:443',
    }
    return SupervisorProcess.start({ api: served.url, directory: directory(), environment })
  }

  it('a real supervisor fetches its function and runs it; nothing of the platform reaches the script', async () => {
    const supervisor = launch()
    const invocation = await fetch(`${served.url}/v1/functions/f/invocations?wait=20s`, {
      method: 'POST',
      body: 'hello ',
    })
    const { state, result } = (await invocation.json()) as { state: string; result: { body: string } }
    assert.equal(state, 'succeeded', supervisor.errors)
    assert.match(result.body, new RegExp(`^hello +${LARGE_BYTES}\n`))
    assert.match(result.body, /^COLOUR=blue$/m)
    assert.doesNotMatch(result.body, /KUBERNETES_|TOKEN|START/)
    assert.equal((await supervisor.ended).code, 0)
    assert.equal(statSync(join(directory(), 'fetched', 'run.sh')).mode & 0o777, 0o555)
    assert.equal(readFileSync(join(directory(), 'fetched', 'data', 'large')).length, LARGE_BYTES)
  })

  it('small files come with the answer, large ones are fetched with the real token', async () => {
    const answer = (await (await start()).json()) as StartAnswer
    const [large, small] = answer.files
    assert.match(small!.grant.url, /^data:/)
    assert.equal(large!.grant.url, `${served.url}/v1/workers/files/0`)
    assert.equal(large!.grant.headers?.authorization, `Bearer ${answer.token}`)
    assert.equal((await call('GET', large!.grant.url)).status, 401)
    assert.equal((await call('GET', '/v1/workers/files/2', undefined, answer.token)).status, 404)
  })

  it('the real token is good for work, and for no second start', async () => {
    const { token: real } = (await (await start()).json()) as StartAnswer
    assert.equal(await codeOf(await start(real)), 'token-invalid')
    assert.equal(await codeOf(await call('GET', RUNTIME_PATHS.next, undefined, token)), 'token-invalid')
  })

  it('a worker of a function that is not on record, after its database was replaced, gets a clear no', async () => {
    const { config } = served.dispatcher
    const claims = { function: 'gone', release: 3, backend: 'local', worker, sharesDisk: false } as const
    const stray = signWorkerToken({ ...claims, expiresAt: Date.now() + 60_000 }, config.workerSecret)
    const answer = await call('GET', RUNTIME_PATHS.packaged(0), undefined, stray)
    assert.equal(answer.status, 404)
    assert.match(await answer.text(), /"There is no release 3 of a function gone; .*"code":"function-not-found"/)
  })

  it('an answer that got lost is given again to the same worker, and to nobody else', async () => {
    assert.equal((await start()).status, 200)
    assert.equal((await start()).status, 200)
    assert.equal(await codeOf(await start(token, 'nonce-of-somebody-else')), 'token-invalid')
  })

  it('is refused to whoever finds the token while the worker runs something, after a restart too', async () => {
    const supervisor = launch()
    const script = `#!/bin/sh\nsleep 30\n`
    const files = [{ path: 'run.sh', mode: 0o755, data: Buffer.from(script).toString('base64') }]
    await supervisor.stop()
    await call('PUT', '/v1/functions/g', { spec: { script: 'run.sh' }, files })
    const other = (await served.dispatcher.database.currentRelease('g'))!
    const busy = randomUUID()
    const found = served.host.admitStarting(busy, other, { sharesDisk: false })
    await call('POST', '/v1/functions/g/invocations', {})
    const claim = { function: 'g', release: 1, backend: 'local' as const, worker: busy }
    await served.dispatcher.database.claim({ ...claim, now: Date.now(), leaseUntil: Date.now() + 60_000 })
    assert.equal(await codeOf(await start(found)), 'token-invalid')
  })

  it('is refused when the worker is not wanted any more', async () => {
    served.host.dismiss(worker, release)
    const supervisor = launch()
    assert.equal((await supervisor.ended).code, 1)
    assert.match(supervisor.errors, /refuses to start this worker: 410 .* is not wanted any more/)
  })

  it('asks again while the dispatcher is looking for its workers', async () => {
    served.host.dismiss(worker, release)
    const over = served.host.adopting()
    const supervisor = launch()
    const asked = await start()
    assert.equal(await codeOf(asked), 'backend-unavailable')
    served.host.admitStarting(worker, release, { sharesDisk: false })
    over()
    const invocation = await fetch(`${served.url}/v1/functions/f/invocations?wait=20s`, { method: 'POST', body: '' })
    assert.equal(((await invocation.json()) as { state: string }).state, 'succeeded', supervisor.errors)
    await supervisor.ended
  })
})
