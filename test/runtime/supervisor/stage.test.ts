import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import type { Cause } from '../../../runtime/contract/outcome.js'
import { FakeRuntimeApi } from '../../support/fake-runtime-api.js'
import { bench, failedWith, succeeded } from './bench.js'

describe('supervisor: staging', () => {
  const on = bench()

  it('stages the input under the last segment of its key and publishes what the script leaves, folders kept', async () => {
    const { run, fileInput, published } = on()
    const script = `mkdir -p "$TMP_OUTPUT_DIR/a/b c"; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/a/b c/copy"
basename "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/größe"; : > "$TMP_OUTPUT_DIR/empty"; mkdir "$TMP_OUTPUT_DIR/nothing"`
    const outcome = succeeded(await run(script, { input: [fileInput('in/photo 1.jpg', 'bytes of a photo')] }))
    assert.deepEqual(outcome.outputs, ['a/b c/copy', 'empty', 'größe'])
    assert.equal(readFileSync(published('a/b c/copy'), 'utf8'), 'bytes of a photo')
    assert.equal(readFileSync(published('größe'), 'utf8'), 'photo 1.jpg\n')
    assert.equal(readFileSync(published('empty'), 'utf8'), '')
    assert.ok(outcome.times!.runMs > 0)
  })

  it('moves files over HTTP with the headers of the grant, and tries again what broke off', async () => {
    const { run, api } = on()
    api.store.set('photo', Buffer.from('over http'))
    api.grants = (_, name) => [grant(api, `out-${name}`, { 'x-amz-meta-a': 'b' })]
    const broken = new Set(['GET', 'PUT'])
    const seen: unknown[] = []
    api.rule = ({ method, path, headers }) => {
      if (!path.startsWith('/store/')) return undefined
      seen.push([method, headers['x-amz-meta-a'], headers['content-length']])
      return broken.delete(method) ? { status: 503 } : undefined
    }
    const input = { ...grant(api, 'photo'), method: 'GET' as const, name: 'photo', size: 9 }
    succeeded(await run('cat "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/copy"', { input: [input] }))
    assert.equal(api.store.get('out-copy')!.toString(), 'over http')
    const put = ['PUT', 'b', '9']
    assert.deepEqual(seen, [['GET', undefined, undefined], ['GET', undefined, undefined], put, put])
  })

  it('writes a result to every place that takes it, and to none where no output does', async () => {
    const { run, api, published } = on()
    const to = (name: string) => ({ ...grant(api, ''), url: `file://${published(name)}` })
    api.grants = (_, name) => (name === 'twice' ? [to('one'), to('two')] : [])
    const outcome = succeeded(await run('cd "$TMP_OUTPUT_DIR"; echo 2 > twice; echo 0 > never'))
    assert.deepEqual(outcome.outputs, ['twice'])
    assert.deepEqual(
      ['one', 'two'].map((name) => readFileSync(published(name), 'utf8')),
      ['2\n', '2\n'],
    )
    assert.deepEqual(api.announced, [
      { name: 'never', size: 2 },
      { name: 'twice', size: 2 },
    ])
  })

  it('publishes nothing after any other exit code than 0', async () => {
    const { run, api, published } = on()
    failedWith(await run('echo half > "$TMP_OUTPUT_DIR/result"; exit 1'))
    assert.deepEqual([api.announced, existsSync(published('result'))], [[], false])
  })

  it('follows links inside the workspace', async () => {
    const { run, published } = on()
    succeeded(
      await run('cd "$TMP_OUTPUT_DIR"; echo x > real; ln -s real link; mkdir d; echo y > d/f; ln -s d e; ln real hard'),
    )
    const read = ['real', 'link', 'hard', 'd/f', 'e/f'].map((name) => readFileSync(published(name), 'utf8'))
    assert.deepEqual(read, ['x\n', 'x\n', 'x\n', 'y\n', 'y\n'])
  })

  const refused: [string, string, RegExp][] = [
    ['a link out of the workspace', 'ln -s /etc/passwd secret', /secret is a link that leads out .*\/etc\/passwd/],
    ['a link to a directory outside', 'mkdir a; ln -s /etc a/etc', /a\/etc is a link that leads out/],
    ['a link that leads nowhere', 'ln -s nothing broken', /broken is a link that leads nowhere/],
    ['a link to a directory around it', 'mkdir a; ln -s .. a/up', /a\/up is a link to a directory that it lies in/],
    ['a pipe', 'mkfifo pipe', /pipe is neither a file nor a directory/],
    ['a name that is no UTF-8', 'touch "$(printf "\\377")"', /not valid UTF-8/],
  ]
  for (const [what, command, message] of refused) {
    it(`refuses ${what} among the results`, async () => {
      const { run, api } = on()
      const outcome = failedWith(await run(`cd "$TMP_OUTPUT_DIR"; touch fine; ${command}`))
      assert.equal(outcome.cause, 'output-refused')
      assert.match(outcome.message, message)
      assert.deepEqual(api.announced, [])
    })
  }

  it('says what the dispatcher says when it refuses results', async () => {
    const { run, api } = on()
    api.rule = ({ path }) =>
      path.endsWith('/outputs') ? { status: 422, body: { detail: 'that "name" is too long' } } : undefined
    const outcome = failedWith(await run('touch "$TMP_OUTPUT_DIR/x"'))
    assert.deepEqual([outcome.cause, outcome.message.includes('that "name" is too long')], ['output-refused', true])
  })

  it('reports nothing when it is fenced while it asks for grants', async () => {
    const { start, hand, outcomeOf, api } = on()
    await start('touch "$TMP_OUTPUT_DIR/x"')
    api.rule = ({ path }) => (path.endsWith('/outputs') ? { status: 409 } : undefined)
    const fenced = hand()
    const next = hand({ objectKey: 'next' })
    api.rule = ({ path }) => (path.endsWith(`${fenced}/outputs`) ? { status: 409 } : undefined)
    succeeded(await outcomeOf(next))
    assert.equal(api.outcomes.has(fenced), false)
  })

  const faults: [string, Cause, { name?: string; size?: number; status?: number }][] = [
    ['is gone over HTTP', 'input-missing', { status: 404 }],
    ['is not readable', 'input-missing', { status: 403 }],
    ['is gone from the disk', 'input-missing', { name: 'file' }],
    ['is announced larger than the scratch space', 'input-too-large', { size: 2 * 1024 ** 2 }],
    ['turns out larger than the scratch space', 'input-too-large', { name: 'zeros-3000000' }],
  ]
  for (const [what, cause, { name = 'x', size = 1, status }] of faults) {
    it(`answers ${cause} when the input ${what}`, async () => {
      const { run, api } = on()
      api.rule = ({ path }) => (status && path.startsWith('/store/') ? { status } : undefined)
      const url = name === 'file' ? 'file:///no/such/object' : grant(api, name).url
      const input = [{ ...grant(api, name), method: 'GET' as const, url, name, size }]
      const limits = { deadlineMs: FakeRuntimeApi.later, ephemeralStorageSize: 1 }
      const outcome = failedWith(await run('echo must not run', { input, limits }))
      assert.equal(outcome.cause, cause)
      assert.equal(api.log.length, 0)
    })
  }

  it('reads the body of a request from standard input and as the input file; an object only as a file', async () => {
    const { start, hand, outcomeOf, api, fileInput } = on()
    await start('cat; cat "$INPUT_FILE_PATH"; echo "${STORAGE_OBJECT_KEY-no key}"')
    const input = [fileInput('body', 'the body\n')]
    const { event, ...request } = { event: 'text', input, objectKey: undefined }
    succeeded(await outcomeOf(hand({ ...request, event })))
    assert.equal(api.logText('stdout'), 'the body\nthe body\nno key')
    api.log.length = 0
    succeeded(await outcomeOf(hand({ input, objectKey: 'k' })))
    assert.equal(api.logText('stdout'), 'the body\nk')
  })
})

const grant = (api: FakeRuntimeApi, name: string, headers: Record<string, string> = {}) => ({
  method: 'PUT' as const,
  url: `http://${api.address}/store/${encodeURIComponent(name)}`,
  headers,
  expiresAt: FakeRuntimeApi.later,
})
