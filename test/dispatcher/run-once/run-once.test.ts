/** One function, once, without a dispatcher of the user's: the same contract, and nothing left behind. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { oneRun } from '../../../dispatcher/run-once/one-run-spec.js'
import { readFunctionSpec } from '../../../runtime/contract/read-function-spec.js'
import { eventually } from '../../support/eventually.js'
import { runOnceToItsEnd, startOnce, type OneRunOptions } from '../../support/run-once.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

const OFF = { containers: 'off' }

describe('running a function once', function () {
  this.timeout(30_000)
  const directory = temporaryDirectory()
  const run = (options: Omit<OneRunOptions, 'directory'>) =>
    runOnceToItsEnd({ directory: directory(), local: OFF, ...options })
  const put = (name: string, content: string) => {
    writeFileSync(join(directory(), name), content)
    return join(directory(), name)
  }

  it('gives a file as the body of a request; standard output is the result, standard error what is printed', async () => {
    const script = 'echo "in $SPILLWAY_FUNCTION" >&2; rev; printf %s "$SECRET"'
    const spec = { secrets: [{ env: 'SECRET', from: 'S' }] }
    const environment = { SPILLWAY_SECRET_S: 'known', SPILLWAY_LISTEN: '127.0.0.1:1', SPILLWAY_LOG_LEVEL: 'debug' }
    const end = await run({ script, spec, environment, arguments: ['--input', put('f.txt', 'abc\n')] })
    assert.deepEqual(end, { code: 0, stdout: 'cba\nknown', stderr: 'in once-dev-f\n' })
    assert.deepEqual(readdirSync(directory()).sort(), ['f.txt', 'function.json'])
  })

  it('gives a file as an object where the function takes objects, whatever its suffix, and keeps the results', async () => {
    const script = `echo "$STORAGE_OBJECT_KEY"; printf %s "$EVENT" | grep -c '"name":"plants"'
mkdir "$TMP_OUTPUT_DIR/d"; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/d/copy"`
    const spec = { input: { storage: 'lake', bucket: 'plants', prefix: 'in/', suffix: ['.jpg'] } }
    const out = join(directory(), 'out')
    const end = await run({ script, spec, arguments: ['--input', put('a b.png', 'flower'), '--output', out] })
    assert.deepEqual([end.code, end.stdout], [0, 'in/a b.png\n1\n'], end.stderr)
    assert.equal(end.stderr, `${join(out, 'd/copy')}  6 bytes\n`)
    assert.equal(readFileSync(join(out, 'd/copy'), 'utf8'), 'flower')
  })

  it('fails once, with the cause and exit code 1', async () => {
    const count = join(directory(), 'count')
    const end = await run({
      script: `echo x >> ${count}; echo half; exit 3`,
      spec: { retries: { attempts: 5, minDelay: 0 } },
    })
    assert.deepEqual([end.code, end.stdout], [1, 'half\n'])
    assert.match(end.stderr, /^failed \(script-exit\): the script ended with exit code 3/m)
    assert.equal(readFileSync(count, 'utf8'), 'x\n')
  })

  it('says that an image is not used, and refuses one that would have to be', async () => {
    const end = await run({ script: 'echo ran', spec: { image: 'some/image' } })
    assert.deepEqual([end.code, end.stdout], [0, 'ran\n'])
    assert.match(end.stderr, /image some\/image is not used/)
    const refused = await run({ spec: { image: 'some/image' } })
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /takes docker or podman/)
  })

  it('ends when it is told to, and leaves neither the script nor its own directory', async () => {
    const pid = join(directory(), 'pid')
    const script = `echo $$ > ${pid}; while :; do sleep 0.1; done`
    const child = startOnce({ directory: directory(), local: OFF, script })
    await eventually(() => existsSync(pid) && readFileSync(pid, 'utf8') !== '', { what: 'the script' })
    child.kill('SIGINT')
    assert.deepEqual(await once(child, 'exit'), [1, null])
    assert.throws(() => process.kill(Number(readFileSync(pid, 'utf8')), 0), { code: 'ESRCH' })
    assert.deepEqual(readdirSync(directory()).sort(), ['function.json', 'pid'])
  })

  it('changes in the spec only where things come from and go to', () => {
    const raw = {
      script: 'x',
      concurrency: 2,
      timeout: 7,
      input: ['lake://in/a/photo-', 'lake://other/'],
      output: 'lake://out/',
    }
    const { value } = readFunctionSpec(raw, { path: 'f', storages: ['lake'], backends: ['local'] })
    const { spec, storage, object } = oneRun(value!, 'x.png')
    assert.deepEqual([storage, object], ['lake', { bucket: 'in', key: 'a/photo-x.png' }])
    assert.deepEqual([spec.timeout, spec.input.length, spec.output.length, spec.concurrency], [7, 1, 1, undefined])
    assert.deepEqual(oneRun(value!, undefined).object, undefined)
    assert.deepEqual(oneRun({ ...value!, input: [] }, 'x.png').object, undefined)
  })
})
