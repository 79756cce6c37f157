/** Files, names and functions that nobody wishes for, end to end. */
import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import type { ProblemDocument } from '../../runtime/contract/errors.js'
import type { EventsAnswer, PutFunctionAnswer } from '../../runtime/contract/dispatcher-api.js'
import { dispatchers, type DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { objectNotice } from '../support/object-notice.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { workerHeaders } from '../support/worker-token.js'

const COPY = '#!/bin/sh\ncp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR"\n'
const files = { input: 'here://in/', output: 'here://out/' }

describe('bad input: functions', function () {
  const directory = temporaryDirectory()
  const start = dispatchers(directory)
  const put = (dispatcher: DispatcherProcess, body: object) =>
    dispatcher.json<ProblemDocument & PutFunctionAnswer>('PUT', '/v1/functions/s-dev-f', body)
  const packaged = (path: string) => ({ path, mode: 0o755, data: '' })

  it('lists unknown keys and wrong units, all at once, and registers nothing', async () => {
    const dispatcher = await start()
    const spec = { script: 'script', timout: 5, memorySize: '20x', timeout: '3 parsecs', input: ['nowhere://in/'] }
    const { status, body } = await put(dispatcher, { spec, files: [packaged('script')] })
    assert.deepEqual([status, body.code], [422, 'invalid-spec'])
    for (const text of ['timout is not a known key', 'Did you mean timeout?', 'memorySize', '3 parsecs'])
      assert.ok(body.detail.includes(text), body.detail)
    assert.equal((await dispatcher.call('GET', '/v1/functions/s-dev-f')).status, 404)
  })

  const packages: [string, string[], RegExp][] = [
    ['without its script', ['other'], /s-dev-f\.script must be among the packaged files, got "script"/],
    ['that leads out of its folder', ['script', '../../x'], /without \. and \.\. segments, got "\.\.\/\.\.\/x"/],
    ['with a file where it needs a folder', ['script', 'a', 'a/b'], /as a file or as a folder, got "a\/b"/],
    ['with a name too long for a disk', ['script', 'x'.repeat(256)], /at most 255 bytes/],
  ]
  it('refuses packages that cannot be laid out', async () => {
    const dispatcher = await start()
    for (const [what, paths, message] of packages) {
      const { status, body } = await put(dispatcher, { spec: { script: 'script' }, files: paths.map(packaged) })
      assert.deepEqual([status, body.code], [422, 'invalid-spec'], what)
      assert.match(body.detail, message)
    }
  })

  it('refuses a function that would start itself again, alone or over others', async () => {
    const dispatcher = await start()
    const own = { script: 'script', input: 'here://a/', output: 'here://a/' }
    const { status, body } = await put(dispatcher, { spec: own, files: [packaged('script')] })
    assert.deepEqual([status, body.code], [422, 'invalid-spec'])
    assert.match(body.detail, /s-dev-f -> s-dev-f/)
    await dispatcher.put('s-dev-there', COPY, { input: 'here://a/', output: 'here://b/' })
    const back = { script: 'script', input: 'here://b/', output: 'here://a/' }
    const again = await put(dispatcher, { spec: back, files: [packaged('script')] })
    assert.match(again.body.detail, /s-dev-f -> s-dev-there -> s-dev-f/)
  })

  it('registers nothing when a bucket cannot be made', async () => {
    const dispatcher = await start()
    const spec = { script: 'script', input: [{ storage: 'here', bucket: '..', prefix: '' }] }
    const { status, body } = await put(dispatcher, { spec, files: [packaged('script')] })
    assert.deepEqual([status, body.code], [400, 'invalid-key'])
    assert.equal((await dispatcher.call('GET', '/v1/functions/s-dev-f')).status, 404)
  })
})

describe('bad input: files', function () {
  this.timeout(30_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)

  /** Reports the object as a store would, and resolves to what became of it. */
  async function notified(dispatcher: DispatcherProcess, key: string) {
    const { status, body } = await dispatcher.json<EventsAnswer>('POST', '/v1/events', objectNotice('in', key))
    assert.equal(status, 200)
    assert.equal(body.accepted.length, 1, JSON.stringify(body))
    return dispatcher.invocation(body.accepted[0]!, '?wait=20s')
  }

  it('takes an empty file as an input like any other', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-copy', COPY, files)
    writeFileSync(dispatcher.path('in', 'empty'), '')
    const [ended] = await dispatcher.allEnded(1)
    assert.equal(ended!.state, 'succeeded')
    assert.equal(readFileSync(dispatcher.path('out', 'empty'), 'utf8'), '')
  })

  it('says that a file has vanished between its event and its run', async () => {
    const dispatcher = await start()
    const wait = `#!/bin/sh\nwhile [ ! -e ${directory()}/go ]; do sleep 0.02; done\n`
    await dispatcher.put('s-dev-copy', wait, { ...files, concurrency: 1 })
    writeFileSync(dispatcher.path('in', 'first'), '')
    await eventually(async () => (await dispatcher.invocations('?state=running')).invocations.length === 1)
    writeFileSync(dispatcher.path('in', 'second'), '')
    await eventually(async () => (await dispatcher.invocations('?state=queued')).invocations.length === 1)
    rmSync(dispatcher.path('in', 'second'))
    writeFileSync(`${directory()}/go`, '')
    const second = (await dispatcher.allEnded(2)).find(({ state }) => state === 'failed')!
    assert.equal(second.cause, 'input-missing')
    assert.match(second.message!, /here:\/\/in\/second/)
    assert.equal(second.attempts, 1)
  })

  it('takes names with spaces, +, %, quotes and emoji, as long as the disk takes them', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-copy', COPY, files)
    const odd = ` +%41'"\`$(x)\\🌍é `
    const segment = (bytes: number) => odd + 'x'.repeat(bytes - Buffer.byteLength(odd))
    const names = [segment(250), `${segment(150)}/${segment(150)}`, '-rf', '.hidden', 'a\nb']
    mkdirSync(dispatcher.path('in', segment(150)))
    for (const name of names) writeFileSync(dispatcher.path('in', name), name)
    const ended = await dispatcher.allEnded(names.length)
    assert.deepEqual(
      ended.map(({ state }) => state),
      names.map(() => 'succeeded'),
    )
    assert.deepEqual(ended.map(({ input }) => input.kind === 'object' && input.event.key).sort(), [...names].sort())
    for (const name of names) {
      const result = dispatcher.path('out', name.slice(name.lastIndexOf('/') + 1))
      assert.equal(readFileSync(result, 'utf8'), name)
    }
  })

  it('runs work whose name is longer than the disk takes to a clear end', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-copy', COPY, files)
    const record = await notified(dispatcher, `é +%"${'x'.repeat(300)}`)
    assert.deepEqual([record.state, record.cause], ['failed', 'input-missing'])
    assert.match(record.message!, /a part of 306 bytes, file names take 255/)
  })

  it('reads nothing outside of the bucket, whatever the key', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-copy', COPY, files)
    mkdirSync(dispatcher.path('in', 'a'))
    writeFileSync(dispatcher.path('secret'), 'secret')
    for (const key of ['../secret', 'a/../../secret', '/etc/passwd', '.spillway/staging/x', 'a\0b', ' ', '.']) {
      const record = await notified(dispatcher, key)
      assert.deepEqual([record.state, record.cause], ['failed', 'input-missing'], key)
    }
    assert.deepEqual(readdirSync(dispatcher.path('out')), [])
  })

  it('follows no link out of the bucket', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-copy', COPY, files)
    writeFileSync(`${directory()}/secret`, 'secret')
    symlinkSync(`${directory()}/secret`, dispatcher.path('in', 'link'))
    const record = await notified(dispatcher, 'link')
    assert.deepEqual([record.state, record.cause], ['failed', 'input-missing'])
    assert.match(record.message!, /a link on the way leads out of the bucket/)
    assert.equal((await dispatcher.invocations()).invocations.length, 1)
  })

  it('takes a file whose time lies in the future, also when it arrived while nobody looked', async () => {
    const first = await start()
    await first.put('s-dev-copy', COPY, files)
    await first.stop()
    writeFileSync(first.path('in', 'tomorrow'), 'x')
    utimesSync(first.path('in', 'tomorrow'), 4e9, 4e9)
    const second = await start()
    assert.equal((await second.allEnded(1))[0]!.state, 'succeeded')
  })

  it('takes a file at once that was written just before the start', async () => {
    const config = { storage: { here: { type: 'directory', path: `${directory()}/data`, settle: 1 } } }
    const first = await start({ config })
    await first.put('s-dev-copy', COPY, files)
    await first.stop()
    writeFileSync(first.path('in', 'fresh'), 'x')
    const second = await start({ config })
    assert.equal((await second.allEnded(1))[0]!.state, 'succeeded')
  })

  it('sees files again after their bucket was removed and made anew', async () => {
    const here = { type: 'directory', path: `${directory()}/data`, settle: 0.05, reconcile: 0.3 }
    const dispatcher = await start({ config: { storage: { here } } })
    await dispatcher.put('s-dev-copy', COPY, files)
    rmSync(dispatcher.path('in'), { recursive: true })
    await eventually(() => dispatcher.log.includes('could not be listed'))
    mkdirSync(dispatcher.path('in'))
    writeFileSync(dispatcher.path('in', 'x'), 'x')
    assert.equal((await dispatcher.allEnded(1))[0]!.state, 'succeeded')
  })

  it('refuses results of a hostile worker that lead out of the bucket', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-f', '#!/bin/sh\nsleep 60\n', { output: 'here://out/results/' })
    const { id } = await dispatcher.invoke('s-dev-f')
    const [attempt] = await eventually(async () => {
      const { tries } = await dispatcher.invocation(id)
      return tries.length > 0 && tries
    })
    const headers = {
      ...workerHeaders(directory(), { worker: attempt!.worker }),
      'content-type': 'application/json',
    }
    for (const name of ['../x', '/x', 'a/../../../x', '', '.', 'a//b', 'a\0b', '..', 'a/']) {
      const { status, body } = await dispatcher.call<ProblemDocument>(
        'POST',
        `/v1/attempts/${id}.1/outputs`,
        JSON.stringify({ outputs: [{ name, size: 1 }] }),
        headers,
      )
      assert.deepEqual([status, body.code], [422, 'output-refused'], name)
    }
  })
})

describe('bad input: scripts', function () {
  this.timeout(60_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)

  it('fails a script that writes more than it may, with its own words in the log', async () => {
    const dispatcher = await start()
    await dispatcher.put(
      's-dev-full',
      '#!/bin/sh\nulimit -f 100\necho too much >&2\ndd if=/dev/zero of="$TMP_OUTPUT_DIR/large" bs=1M count=10 || exit 9\n',
      { output: 'here://out/', retries: { attempts: 1 } },
    )
    const record = await dispatcher.invokeAndWait('s-dev-full')
    assert.deepEqual([record.state, record.cause, record.tries[0]!.exitCode], ['failed', 'script-exit', 9])
    assert.ok(!existsSync(dispatcher.path('out', 'large')))
  })

  it('stays up while a script prints 100 MB, and keeps the beginning of it', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-loud', '#!/bin/sh\nyes "a line of some length that says nothing" | head -c 100000000\n')
    const record = await dispatcher.invokeAndWait('s-dev-loud')
    assert.equal(record.state, 'succeeded')
    assert.equal(record.result?.truncated, true)
    const log = await dispatcher.call<string>('GET', `/v1/invocations/${record.id}/log`)
    assert.match(log.body, /the log of this attempt has reached 8388608 bytes; the rest is not kept/)
    const resident = await dispatcher.call<string>('GET', '/metrics')
    assert.ok(Number(/process_resident_memory_bytes (\d+)/.exec(resident.body)?.[1]) < 400e6, resident.body)
  })

  it('publishes what was there at exit 0, whatever a process that outlives the script goes on writing', async () => {
    const dispatcher = await start()
    const script = `#!/bin/sh
setsid sh -c 'while :; do echo more >> "$TMP_OUTPUT_DIR/result"; done' &
sleep 0.2
`
    await dispatcher.put('s-dev-writer', script, { output: 'here://out/' })
    const record = await dispatcher.invokeAndWait('s-dev-writer')
    assert.equal(record.state, 'succeeded')
    assert.equal(readFileSync(dispatcher.path('out', 'result')).length, record.outputs[0]!.size)
  })
})
