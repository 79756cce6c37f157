/** `serverless invoke` against a real dispatcher: what is sent, what is printed, what is downloaded. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buildRegistrations } from '../../plugin/registration.js'
import { invoke } from '../../plugin/commands/invoke.js'
import type { Options } from '../../plugin/serverless.js'
import { putByGrant } from '../../plugin/invoke/put-by-grant.js'
import { resultName, saveResults } from '../../plugin/invoke/save-results.js'
import type { InvocationEnd } from '../../plugin/invoke/invoker.js'
import type { OutputRule } from '../../runtime/contract/function-spec.js'
import { filesBelow } from '../support/cli.js'
import { commandIn } from '../support/command.js'
import { dispatchers, type DispatcherProcess } from '../support/dispatcher-process.js'
import { s3Keys, SmallS3 } from '../support/s3/small-s3.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const MEBIBYTE = 1024 ** 2

const SERVICE = `service: garden
provider: { name: aws }
spillway:
  storage:
    here: { type: directory, path: ./data }
functions:
  copy:
    script: copy.sh
    input: [here://in/]
    output: [here://out/results]
  count:
    script: count.sh
    retries: { attempts: 1 }
`
const COPY = `#!/bin/sh
set -eu
name=$(basename "$INPUT_FILE_PATH")
mkdir -p "$TMP_OUTPUT_DIR/deep/er"
cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/$name"
wc -c < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/deep/er/$name.size"
grep -q poison "$INPUT_FILE_PATH" && echo "bad input" && exit 3
true
`
const COUNT = `#!/bin/sh
read -r first
[ "$first" = fail ] && echo 'no such word' && exit 4
printf '%s' "$first" | tee "$TMP_OUTPUT_DIR/none"
`

describe('serverless invoke', function () {
  this.timeout(60_000)
  const root = temporaryDirectory()
  const start = dispatchers(root)
  let directory: string

  beforeEach(() => {
    directory = join(root(), 'service')
    mkdirSync(directory)
    for (const [name, text] of Object.entries({ 'serverless.yml': SERVICE, 'copy.sh': COPY, 'count.sh': COUNT }))
      writeFileSync(join(directory, name), text)
  })
  afterEach(() => (process.exitCode = undefined))

  const at = (dispatcher: DispatcherProcess, options: Options) => {
    const run = commandIn(directory, options)
    run.context.service.config.dispatcher = dispatcher.url
    return run
  }
  const deployTo = async (dispatcher: DispatcherProcess) => {
    const { service } = at(dispatcher, {}).context
    for (const { name, body } of buildRegistrations(service))
      assert.equal((await dispatcher.json('PUT', `/v1/functions/${name}`, body)).status, 201)
  }
  const deployed = async (options?: Parameters<typeof start>[0]) => {
    const dispatcher = await start(options)
    await deployTo(dispatcher)
    return dispatcher
  }
  const run = async (dispatcher: DispatcherProcess, options: Options) => {
    const made = at(dispatcher, options)
    const written = await captured(() => invoke(made.context))
    return { ...made, written }
  }

  it('prints the answer to a body, and saves it with what was published by --output', async () => {
    const dispatcher = await deployed()
    assert.equal((await run(dispatcher, { function: 'count', data: 'red' })).written, 'red')
    const { printed, written } = await run(dispatcher, { function: 'count', data: 'red', output: 'got' })
    const { id } = (await dispatcher.invocations()).invocations[0]!
    assert.equal(written, '')
    assert.deepEqual(printed, [join(directory, 'got', `${id}.result`)])
    assert.equal(readFileSync(printed[0]!, 'utf8'), 'red')
  })

  it('shows the log of a failure, and ends with exit code 1', async () => {
    const { said, printed } = await run(await deployed(), { function: 'count', data: 'fail' })
    assert.deepEqual(said.slice(0, 2), [
      'notice: no such word',
      'error: garden-dev-count: script-exit: the script ended with exit code 4; its log says more',
    ])
    assert.match(said[2]!, /^notice: {3}more: serverless spillway explain [0-9a-f-]{36}$/)
    assert.deepEqual(printed, [])
    assert.equal(process.exitCode, 1)
  })

  it('uploads a file over 6 MB into an input of the function, through the dispatcher, and brings its results', async () => {
    const dispatcher = await deployed()
    const content = Buffer.alloc(7 * MEBIBYTE, 'leaf')
    writeFileSync(join(directory, 'leaves.bin'), content)
    const { printed } = await run(dispatcher, { function: 'copy', path: 'leaves.bin', output: 'got' })
    assert.deepEqual(printed, [join(directory, 'got', 'deep/er/leaves.bin.size'), join(directory, 'got', 'leaves.bin')])
    assert.ok(readFileSync(join(directory, 'got', 'leaves.bin')).equals(content))
    const asked = await run(dispatcher, { function: 'copy', path: 'leaves.bin' })
    assert.deepEqual(asked.printed, ['here://out/results/deep/er/leaves.bin.size', 'here://out/results/leaves.bin'])
    writeFileSync(join(directory, 'leaves.bin'), content)
    await assert.rejects(run(dispatcher, { function: 'count', path: 'leaves.bin' }), {
      message: /Function garden-dev-count has no `input`, so there is no bucket/,
    })
  })

  it('uploads it straight to a storage that takes presigned requests', async () => {
    const s3 = await SmallS3.start({ hasBuckets: true })
    try {
      const here = { type: 's3', endpoint: s3.url }
      const dispatcher = await deployed({ config: { storage: { here } }, environment: s3Keys(s3, 'HERE') })
      const content = Buffer.alloc(7 * MEBIBYTE, 'leaf')
      writeFileSync(join(directory, 'leaves.bin'), content)
      const { printed } = await run(dispatcher, { function: 'copy', path: 'leaves.bin', output: 'got' })
      assert.equal(printed.length, 2)
      assert.ok(readFileSync(join(directory, 'got', 'leaves.bin')).equals(content))
      const sent = s3.requests.filter(({ method, body }) => method === 'PUT' && body.length === content.length)
      assert.equal(sent[0]?.headers['user-agent'], undefined, 'the SDK of the dispatcher had no part in it')
    } finally {
      await s3.stop()
    }
  })

  it('works on every object below a prefix, tells failures apart, and keeps sub-directories', async () => {
    const dispatcher = await deployed()
    mkdirSync(dispatcher.path('in', 'a'), { recursive: true })
    for (const [name, text] of Object.entries({ 'a/one': 'one', 'a/two': 'poison', b: 'no' }))
      writeFileSync(dispatcher.path('in', name), text)
    const { printed, said } = await run(dispatcher, { function: 'copy', input: 'here://in/a/', output: 'got' })
    assert.deepEqual(printed.sort(), [join(directory, 'got', 'deep/er/one.size'), join(directory, 'got', 'one')])
    assert.deepEqual(filesBelow(join(directory, 'got')), ['deep/er/one.size', 'one'])
    assert.ok(
      said.some((line) => /^error: garden-dev-copy on a\/two: script-exit: .* exit code 3/.test(line)),
      said.join('\n'),
    )
    assert.equal(process.exitCode, 1)
  })

  it('prints the ids of what will run with --type Event', async () => {
    const dispatcher = await deployed()
    for (const name of ['a', 'b']) writeFileSync(dispatcher.path('in', name), name)
    const { printed } = await run(dispatcher, { function: 'copy', input: 'in', type: 'Event' })
    assert.equal(printed.length, 2)
    for (const id of printed) assert.equal((await dispatcher.invocation(id)).function, 'garden-dev-copy')
  })

  it('warns where there is nothing, and refuses what contradicts itself', async () => {
    const dispatcher = await deployed()
    const nothing = await run(dispatcher, { function: 'copy', input: 'here://in/empty/' })
    assert.deepEqual(nothing.said, ['warning: There is nothing below here://in/empty/ that copy takes.'])
    const refused = (options: Options, message: RegExp) =>
      assert.rejects(run(dispatcher, { function: 'copy', ...options }), { code: 'invalid-request', message })
    await refused({ input: 'here://in/', data: 'x' }, /--input stands for --data and --path: give one of them/)
    await refused(
      { input: 'lake://in/' },
      /begin with a storage of this service \(here:\/\/\), lake:\/\/in\/ names "lake"/,
    )
    await refused({ input: '://' }, /--input must be storage:\/\/bucket\/prefix/)
    await refused({ data: 'x', type: 'Event', output: 'got' }, /--output waits for results/)
    await refused({ path: 'nowhere' }, /--path names .*nowhere, which is not there/)
    await refused({ path: '.' }, /which is no file; `--input` names a folder/)
    await assert.rejects(run(dispatcher, { function: 'copy', input: 'here://nowhere/' }), { code: 'bucket-not-found' })
  })
})

describe('an upload by a presigned request', () => {
  const content = { name: 'x', size: 5, open: () => Readable.from(['abcde']) }
  const put = (url: string) => putByGrant({ url, expiresAt: 0 }, content)

  it('says when nobody answers there, and throws what the store refuses', async () => {
    assert.equal(await put('http://127.0.0.1:1/x'), 'unreachable')
    const s3 = await SmallS3.start()
    try {
      await assert.rejects(put(`${s3.url}/plants/x`), {
        code: 'storage-refused',
        message: /^127\.0\.0\.1:[0-9]+ answered 403 to the upload: .*the request is not signed/s,
      })
    } finally {
      await s3.stop()
    }
  })
})

describe('results in a local directory', () => {
  const directory = temporaryDirectory()
  const rules = (...prefixes: string[]): OutputRule[] =>
    prefixes.map((prefix) => ({ storage: 'here', bucket: 'out', prefix, match: ['**'] }))
  const place = (key: string) => ({ storage: 'here', bucket: 'out', key, size: 1 })
  const end = (keys: string[], open = async () => Readable.from(['x'])): InvocationEnd => ({
    id: 'i',
    outputs: keys.map((key) => ({ ...place(key), open })),
    log: async () => [],
  })

  it('have the names that they had below the output directory of the script', () => {
    assert.equal(resultName(place('a/b/c'), rules('a')), 'b/c')
    assert.equal(resultName(place('a/b/c'), rules('', 'a/b/')), 'c')
    assert.equal(resultName(place('ab/c'), rules('a')), 'ab/c')
    assert.equal(resultName(place('c'), rules('')), 'c')
    assert.equal(resultName({ ...place('a/c'), bucket: 'other' }, rules('a')), 'a/c')
  })

  it('never lie outside of it, by their names or by a link', async () => {
    const target = { directory: join(directory(), 'got'), rules: rules('') }
    for (const key of ['../x', 'a/../../x', '/etc/x', 'a//x', '.', 'a/..', 'x\0'])
      await assert.rejects(saveResults(end([key]), target), { code: 'output-refused' }, key)
    mkdirSync(join(directory(), 'elsewhere'))
    mkdirSync(target.directory, { recursive: true })
    symlinkSync(join(directory(), 'elsewhere'), join(target.directory, 'link'))
    await assert.rejects(saveResults(end(['link/x']), target), { message: /"link\/x" would lie outside of/ })
    assert.deepEqual(readdirSync(join(directory(), 'elsewhere')), [])
    assert.equal(existsSync(join(directory(), 'x')), false)
  })

  it('are whole or not there, and replace what was there', async () => {
    const target = { directory: join(directory(), 'got'), rules: rules('') }
    mkdirSync(target.directory)
    writeFileSync(join(target.directory, 'a'), 'before')
    const breaks = async () =>
      Readable.from(
        (async function* () {
          yield 'half'
          throw new Error('the connection broke')
        })(),
      )
    await assert.rejects(saveResults(end(['a'], breaks), target), {
      message: /cannot be written: the connection broke/,
    })
    assert.deepEqual(filesBelow(target.directory), ['a'])
    assert.equal(readFileSync(join(target.directory, 'a'), 'utf8'), 'before')
    await saveResults(end(['a', 'b/c']), target)
    assert.equal(readFileSync(join(target.directory, 'a'), 'utf8'), 'x')
    assert.deepEqual(filesBelow(target.directory), ['a', 'b/c'])
  })
})

/** What is written to standard output meanwhile. */
async function captured(work: () => Promise<void>): Promise<string> {
  const { write } = process.stdout
  let text = ''
  process.stdout.write = ((chunk: Uint8Array | string) => {
    text += Buffer.from(chunk as Uint8Array).toString()
    return true
  }) as typeof write
  try {
    await work()
    return text
  } finally {
    process.stdout.write = write
  }
}
