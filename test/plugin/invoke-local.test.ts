/** `serverless invoke local` on every CLI that is there: no dispatcher, no credentials, the real supervisor. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyFixture, describeOnClis, runCli, startCli, type CliRun } from '../support/cli.js'
import { eventually } from '../support/eventually.js'

const SCRIPT = `#!/bin/sh
echo "$STORAGE_OBJECT_KEY $STAGE $COLOUR"
cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/small.jpg"
exit "\${CODE:-0}"
`

describeOnClis('invoke local', function (cli) {
  this.timeout(120_000)
  let root: string
  let directory: string

  before(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-test-')))
    directory = copyFixture('thumbnails', root)
    writeFileSync(join(directory, 'thumbnail.sh'), SCRIPT)
    writeFileSync(join(directory, 'rose.jpg'), 'rose')
  })
  after(() => rmSync(root, { recursive: true, force: true }))

  const run = (words: string, options: Partial<CliRun> = {}) =>
    runCli(cli, ['invoke', 'local', ...words.split(' ')], {
      cwd: directory,
      ...options,
      environment: { TMPDIR: root, ...options.environment },
    })

  it('gives a file as an object, and says where its results are', async () => {
    const { code, stdout, stderr } = await run('-f thumbnail -p rose.jpg -e COLOUR=red')
    assert.deepEqual([code, stdout], [0, 'in/rose.jpg dev red\n'], stderr)
    const [result] = /^(\/.*small\.jpg) {2}4 bytes$/m.exec(stderr)?.slice(1) ?? []
    assert.equal(readFileSync(result!, 'utf8'), 'rose')
  })

  it('gives what is typed or piped in as the body of a request; the answer and nothing else is on standard output', async () => {
    const [typed, piped] = await Promise.all([run('-f echo -d {"a":1}'), run('-f echo', { input: 'words' })])
    assert.deepEqual([typed.code, typed.stdout], [0, '{"a":1}'], typed.stderr)
    assert.deepEqual([piped.code, piped.stdout], [0, 'words'], piped.stderr)
  })

  it('runs here what is on Lambda alone otherwise', async () => {
    const service = copyFixture('lambda', join(root, 'lambda'))
    writeFileSync(join(service, 'classify.sh'), '#!/bin/sh\necho "a $MODEL"\n')
    const { code, stdout, stderr } = await run('-f classify -d x', {
      cwd: service,
      environment: { TEST_REGISTRY: 'registry.test' },
    })
    assert.deepEqual([code, stdout], [0, 'a model/weights.txt\n'], stderr)
  })

  it('outlives what it runs when it is told to stop, and leaves nothing behind', async () => {
    writeFileSync(join(directory, 'thumbnail.sh'), '#!/bin/sh\necho begun\nexec sleep 60\n')
    const words = 'invoke local -f thumbnail -p rose.jpg'.split(' ')
    const child = startCli(cli, words, { cwd: directory, environment: { TMPDIR: root } })
    const ended = once(child, 'exit')
    try {
      let shown = ''
      child.stdout!.on('data', (chunk: Buffer) => (shown += chunk.toString()))
      await eventually(() => shown.includes('begun'), { timeoutMs: 40_000, what: 'begun' })
      child.kill('SIGTERM')
      assert.deepEqual(await ended, [1, null])
    } finally {
      child.kill('SIGKILL')
      writeFileSync(join(directory, 'thumbnail.sh'), SCRIPT)
    }
    assert.deepEqual(
      readdirSync(root).filter((name) => /^spillway-(invoke|once)-/.test(name)),
      [],
    )
  })

  it('ends with exit code 1 and the cause when the script fails, or its input is not there', async () => {
    const [failure, missing] = await Promise.all([
      run('-f thumbnail -p rose.jpg -e CODE=7'),
      run('-f thumbnail -p no-such-file'),
    ])
    assert.equal(failure.code, 1)
    assert.match(failure.stderr, /failed \(script-exit\): the script ended with exit code 7/)
    assert.equal(missing.code, 1)
    assert.match(missing.stdout, /no-such-file, which is not there/)
  })
})
