/** Containers on one machine, for real: images of every kind, and everything that may go wrong with them. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InvocationRecord, PutFunctionAnswer } from '../../runtime/contract/dispatcher-api.js'
import { Podman } from '../support/containers/podman.js'
import { busyboxRoot, glibcRoot, muslRoot, staticRoot } from '../support/containers/root-directories.js'
import { dispatchers, type DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { runOnceToItsEnd } from '../support/run-once.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const STEERED = ['LD_LIBRARY_PATH=/nowhere', 'LD_PRELOAD=/nowhere.so', 'NODE_OPTIONS=--no-such-option', 'NODE_ENV=test']
const COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"'
const files = { input: 'here://in/', output: 'here://out/' }

describe('containers with podman', function () {
  this.timeout(60_000)
  const directory = temporaryDirectory()
  const startAny = dispatchers(directory)
  let podman: Podman
  const images: Record<string, string> = {}

  before(function () {
    const missing = Podman.missing()
    if (missing !== undefined) {
      process.stdout.write(`    skipped: ${missing}\n`)
      this.skip()
    }
    podman = Podman.open()
    images.busybox = podman.makeImage('busybox', busyboxRoot)
    images.python = podman.makeImage('python', glibcRoot, { Cmd: ['python3'] })
    images.musl = podman.makeImage('musl', muslRoot, {
      Entrypoint: ['/bin/tell', 'first word'],
      Cmd: ['second', ''],
      WorkingDir: '/srv/work',
      User: '1000:1000',
      Env: ['PATH=/bin', ...STEERED],
    })
    images.static = podman.makeImage('static', staticRoot)
  })
  after(() => podman?.close())
  afterEach(() => assert.deepEqual(podman.containers(), [], 'containers are left'))

  const start = (config: Record<string, unknown> = {}) => startAny({ environment: podman.environment, config })
  const put = async (dispatcher: DispatcherProcess, spec: Record<string, unknown>) => {
    const answer = await dispatcher.json<PutFunctionAnswer>('PUT', '/v1/functions/c-dev-f', { spec })
    assert.ok(answer.status < 300, JSON.stringify(answer.body))
    return answer.body
  }
  const linesOf = ({ result }: InvocationRecord) => result?.body.split('\n') ?? []
  const run = async (dispatcher: DispatcherProcess, script: string, spec: Record<string, unknown> = {}) => {
    await dispatcher.put('c-dev-f', script, { image: images.busybox, retries: { attempts: 1 }, ...spec })
    return dispatcher.invokeAndWait('c-dev-f')
  }

  it('runs ENTRYPOINT and CMD of an image with musl and nothing else, as its USER, in its WORKDIR, with its ENV', async () => {
    const dispatcher = await start()
    const { notes } = await put(dispatcher, { image: images.musl, output: 'here://out/' })
    assert.deepEqual(notes, [`local: image ${images.musl} runs with podman`])
    const record = await dispatcher.invokeAndWait('c-dev-f', 'flower')
    assert.equal(record.state, 'succeeded', record.message)
    const words = ['word /bin/tell', 'word first word', 'word second', 'word ']
    const own = ['uid 1000', 'cwd /srv/work', ...STEERED, 'SPILLWAY_WORKER_TOKEN=(none)', 'FLOWER']
    assert.deepEqual(linesOf(record), [...words, ...own])
    assert.equal(readFileSync(dispatcher.path('out', 'result'), 'utf8'), 'done')
  })

  it('runs a command in an image that has one static program; a script fails there and says what is missing', async () => {
    const dispatcher = await start()
    await put(dispatcher, { image: images.static, command: ['/bin/tell', 'a  b'] })
    const record = await dispatcher.invokeAndWait('c-dev-f', 'x')
    assert.equal(record.state, 'succeeded', record.message)
    assert.deepEqual(linesOf(record).slice(0, 4), ['word /bin/tell', 'word a  b', 'uid 0', 'cwd /'])
    const failure = await run(dispatcher, 'echo hello', { image: images.static })
    assert.deepEqual([failure.state, failure.cause], ['failed', 'script-exit'])
    assert.match(failure.message ?? '', /\/bin\/sh is not there/)
  })

  it("runs a script with the image's own Python", async () => {
    const dispatcher = await start()
    const script = '#!/usr/bin/python3\nimport json, sys\nprint(json.dumps({"sum": sum(map(int, sys.stdin))}))\n'
    await dispatcher.put('c-dev-f', script, { image: images.python })
    assert.equal((await dispatcher.invokeAndWait('c-dev-f', '1\n20\n')).result?.body, '{"sum": 21}\n')
  })

  it('uses a container again for the next attempt, unless they are to be fresh', async () => {
    const dispatcher = await start({ backends: { local: { slots: 1 } } })
    const script = 'echo x >> /trace; cat /trace; ls "$TMPDIR"/..'
    assert.deepEqual(linesOf(await run(dispatcher, script)).slice(0, 1), ['x'])
    assert.equal(linesOf(await dispatcher.invokeAndWait('c-dev-f')).filter((line) => line === 'x').length, 2)
    await run(dispatcher, script, { isolation: 'fresh' })
    assert.equal(linesOf(await dispatcher.invokeAndWait('c-dev-f')).filter((line) => line === 'x').length, 1)
  })

  it('moves large files in and out, and shows nothing of the storage or of this machine', async () => {
    const dispatcher = await start()
    await dispatcher.put('c-dev-f', `${COPY}\nls ${directory()} /work /root 2>&1 | grep -v 'No such'; true`, {
      image: images.busybox,
      ...files,
    })
    const content = Buffer.alloc(64 * 1024 ** 2, 'spillway ')
    writeFileSync(dispatcher.path('in', 'large'), content)
    const [ended] = await dispatcher.allEnded(1)
    assert.equal(ended?.state, 'succeeded', ended?.message)
    assert.ok(readFileSync(dispatcher.path('out', 'large')).equals(content))
    const { body } = await dispatcher.call<string>('GET', `/v1/invocations/${ended.id}/log`)
    assert.equal(body, '')
  })

  it('fails with the cause image and the words of the engine when the image cannot be had', async () => {
    const dispatcher = await start()
    await dispatcher.put('c-dev-f', 'true', { image: 'localhost/no-such:1', retries: { attempts: 2, minDelay: 0 } })
    const record = await dispatcher.invokeAndWait('c-dev-f')
    assert.deepEqual([record.state, record.cause, record.tries.length], ['failed', 'image', 2])
    assert.match(record.message ?? '', /podman could not pull the image localhost\/no-such:1: .*\w/)
  })

  it('fails with the cause image when the engine cannot start it, or there is nothing to start', async () => {
    const dispatcher = await start({ backends: { local: { containerOptions: ['--no-such-option'] } } })
    const failure = await run(dispatcher, 'true')
    assert.equal(failure.cause, 'image', failure.message)
    assert.match(failure.message ?? '', /could not be started: .*no-such-option/)
    await put(dispatcher, { image: images.busybox, retries: { attempts: 1 } })
    assert.match((await dispatcher.invokeAndWait('c-dev-f')).message ?? '', /neither ENTRYPOINT nor CMD/)
  })

  it('holds a script to its memory', async () => {
    const dispatcher = await start()
    const script = '#!/usr/bin/python3\nkept = [bytearray(10 ** 7) for _ in range(100)]\nprint(len(kept))\n'
    const record = await run(dispatcher, script, { image: images.python, memorySize: 256 })
    assert.deepEqual([record.state, record.cause], ['failed', 'out-of-memory'], record.message)
  })

  it('tries again elsewhere when a container is killed', async () => {
    const dispatcher = await start()
    const script = `[ "$SPILLWAY_ATTEMPT" = 2 ] && echo second && exit; while :; do sleep 0.1; done`
    await dispatcher.put('c-dev-f', script, { image: images.busybox })
    const { id } = await dispatcher.invoke('c-dev-f')
    await eventually(async () => (await dispatcher.invocation(id)).state === 'running', { what: 'a running attempt' })
    podman.run('kill', podman.containers()[0]!)
    const record = await dispatcher.invocation(id, '?wait=30s')
    assert.deepEqual([record.state, record.result?.body], ['succeeded', 'second\n'], record.message)
    assert.equal(record.tries[0]?.cause, 'worker-lost')
  })

  it('cancels what runs', async () => {
    const dispatcher = await start({ heartbeat: 0.2, lease: 2 })
    await dispatcher.put('c-dev-f', 'while :; do sleep 0.1; done', { image: images.busybox })
    const { id } = await dispatcher.invoke('c-dev-f')
    await eventually(async () => (await dispatcher.invocation(id)).state === 'running', { what: 'a running attempt' })
    assert.equal((await dispatcher.call('POST', `/v1/invocations/${id}/cancel`)).status, 200)
    const lines = () => podman.run('top', podman.containers()[0]!, 'state', 'args').split('\n')
    // An orphan that ended may stay in the list: nobody collects it in a container.
    const quiet = () => !lines().some((line) => /sleep|while/.test(line) && !line.startsWith('Z'))
    await eventually(quiet, { what: 'the end of the script' })
  })

  it('outlives a dispatcher that is killed: the attempt ends, nothing runs twice, nothing is left', async () => {
    const first = await start({ lease: 10, heartbeat: 0.2 })
    const wait = `echo run >> "$TMP_OUTPUT_DIR/trace"; while [ ! -e /tmp/go ]; do sleep 0.1; done`
    await first.put('c-dev-f', wait, { image: images.busybox, output: 'here://out/' })
    const { id } = await first.invoke('c-dev-f')
    await eventually(async () => (await first.invocation(id)).state === 'running', { what: 'a running attempt' })
    const [container] = podman.containers()
    await first.kill()
    const listen = first.url.replace('http://', '')
    const second = await start({ lease: 10, heartbeat: 0.2, listen })
    assert.deepEqual(podman.containers(), [container])
    podman.run('exec', container!, 'touch', '/tmp/go')
    const record = await second.invocation(id, '?wait=30s')
    assert.deepEqual([record.state, record.tries.length], ['succeeded', 1], record.message)
    await eventually(() => podman.containers().length === 0, { what: 'the end of the old container' })
  })

  it('sweeps up a container whose client is gone', async () => {
    const first = await start()
    await run(first, 'true')
    const [container] = podman.containers()
    const workers = join(directory(), 'state/local/workers')
    await first.kill()
    const client = Number(readFileSync(join(workers, readdirSync(workers)[0]!, 'pid'), 'utf8'))
    process.kill(client, 'SIGKILL')
    assert.deepEqual(podman.containers(), [container])
    const second = await start()
    await eventually(() => podman.containers().length === 0, { what: 'the sweep' })
    assert.equal((await second.invokeAndWait('c-dev-f')).state, 'succeeded')
    assert.ok(existsSync(workers))
  })

  it('gives running attempts back when the dispatcher stops', async () => {
    const dispatcher = await start({ drain: 0 })
    await dispatcher.put('c-dev-f', 'while :; do sleep 0.1; done', { image: images.busybox })
    const { id } = await dispatcher.invoke('c-dev-f')
    await eventually(async () => (await dispatcher.invocation(id)).state === 'running', { what: 'a running attempt' })
    await dispatcher.stop()
    assert.deepEqual(podman.containers(), [])
    const again = await start()
    const { tries } = await again.invocation(id)
    assert.equal(tries[0]?.cause, 'evicted')
    await again.call('POST', `/v1/invocations/${id}/cancel`)
  })

  it('runs a function once in its image, without a dispatcher', async () => {
    const input = join(directory(), 'f.txt')
    writeFileSync(input, 'flower')
    const { environment } = podman
    const once = { directory: directory(), environment, arguments: ['--input', input] }
    const end = await runOnceToItsEnd({ ...once, spec: { image: images.musl } })
    assert.equal(end.code, 0, end.stderr)
    assert.deepEqual(end.stdout.split('\n').slice(0, 6).slice(-2), ['uid 1000', 'cwd /srv/work'])
    assert.ok(end.stdout.endsWith('FLOWER'))
    const [, path] = /^(\/.*\/result) {2}4 bytes$/m.exec(end.stderr) ?? []
    assert.equal(readFileSync(path!, 'utf8'), 'done')
    const missing = await runOnceToItsEnd({ ...once, script: 'true', spec: { image: 'localhost/no-such:1' } })
    assert.equal(missing.code, 1)
    assert.match(missing.stderr, /failed \(image\): podman could not pull the image localhost\/no-such:1/)
  })

  it('runs the script on the machine, and says so, when containers are off', async () => {
    const dispatcher = await start({ backends: { local: { containers: 'off' } } })
    const { notes } = await dispatcher.put('c-dev-f', 'cat /proc/1/comm', { image: images.busybox })
    assert.match(notes[0] ?? '', /is not used, the script runs on this machine/)
    assert.equal((await dispatcher.invokeAndWait('c-dev-f')).result?.body, readFileSync('/proc/1/comm', 'utf8'))
    const refusal = await dispatcher.json('PUT', '/v1/functions/c-dev-g', { spec: { image: images.musl } })
    assert.match(JSON.stringify(refusal.body), /takes docker or podman/)
  })
})
