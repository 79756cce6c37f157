/** `serverless spillway dev` with the real dispatcher: drop a file, change the service, break it, stop. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { remove } from '../../plugin/commands/remove.js'
import { readDispatcherFile } from '../../plugin/locate-dispatcher.js'
import type { BackendStatus } from '../../runtime/contract/dispatcher-api.js'
import { copyFixture, describeOnClis, runCli, startCli } from '../support/cli.js'
import { commandIn } from '../support/command.js'
import { eventually } from '../support/eventually.js'

const BUILT = ['dispatcher/main.js', 'runtime/supervisor.cjs'].map((file) =>
  resolve(__dirname, '..', '..', 'dist', file),
)

describeOnClis('serverless spillway dev', function (cli) {
  this.timeout(120_000)
  let root: string
  let directory: string
  let child: ChildProcess
  let shown = ''
  let dispatcher: number | undefined

  const shows = (text: RegExp) => eventually(() => text.test(shown), { timeoutMs: 40_000, what: `${text} in ${shown}` })
  const edit = (change: (yaml: string) => string) => {
    const file = join(directory, 'serverless.yml')
    writeFileSync(file, change(readFileSync(file, 'utf8')))
  }

  before(function () {
    const missing = BUILT.find((file) => !existsSync(file))
    if (missing) {
      process.stdout.write(`  skipped: there is no ${missing}; run \`npm run build\`\n`)
      this.skip()
    }
    root = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-test-')))
    directory = copyFixture('thumbnails', root)
    child = startCli(cli, ['spillway', 'dev'], { cwd: directory })
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk: Buffer) => (shown += chunk.toString()))
  })
  after(() => {
    for (const pid of [child?.pid, dispatcher]) killHard(pid)
    if (root) rmSync(root, { recursive: true, force: true, maxRetries: 5 })
  })

  it('starts a dispatcher, deploys into it and shows what a dropped file became', async () => {
    await shows(/Press Ctrl-C to stop/)
    dispatcher = readDispatcherFile(directory)?.pid
    assert.match(
      shown,
      /Dispatcher at http:\/\/127\.0\.0\.1:[0-9]+ \(pid [0-9]+; API at http:\/\/127\.0\.0\.1:[0-9]+\/docs\)/,
    )
    assert.match(shown, /thumbnails-dev-thumbnail: release 1/)
    writeFileSync(join(directory, 'data/photos/in/cat.jpg'), 'meow')
    const [second] = await Promise.all([
      runCli(cli, ['spillway', 'dev'], { cwd: directory }),
      shows(/thumbnails-dev-thumbnail {2}cat\.jpg {2}.* s {2}-> here:\/\/photos\/out\/cat\.jpg/),
    ])
    assert.equal(readFileSync(join(directory, 'data/photos/out/cat.jpg'), 'utf8'), 'meow')
    assert.equal(second.code, 1)
    assert.match(second.stdout, new RegExp(`A dispatcher of this service runs already: pid ${dispatcher}, http://127`))
  })

  it('has a live view beside it, as lines where there is no terminal', async () => {
    const view = startCli(cli, ['spillway', 'top', '--until-done'], { cwd: directory })
    let lines = ''
    for (const stream of [view.stdout!, view.stderr!]) stream.on('data', (chunk: Buffer) => (lines += chunk.toString()))
    const ended = once(view, 'exit')
    try {
      await eventually(() => lines.includes('Watching thumbnails at http://127'), { timeoutMs: 40_000 })
      writeFileSync(join(directory, 'data/photos/in/dog.jpg'), 'woof')
      assert.deepEqual(await ended, [0, null])
    } finally {
      killHard(view.pid)
    }
    assert.match(lines, / s {2}dog\.jpg succeeded on local \(waited /)
    assert.match(lines, /^1 done in [0-9.]+ s: 1 on local$/m)
  })

  it('keeps the old release while the configuration is broken, and takes the mended one with a new script', async () => {
    edit((yaml) => yaml.replace('timeout: 20m', 'timeout: 20x'))
    await shows(/The change cannot be used; the releases from before it keep running/)
    await shows(/functions\.thumbnail\.timeout must be a time, got "20x"/)
    writeFileSync(join(directory, 'thumbnail.sh'), '#!/bin/sh\necho cannot >&2\nexit 3\n')
    edit((yaml) => yaml.replace('timeout: 20x', 'timeout: 20m'))
    await shows(/thumbnails-dev-thumbnail: release 2/)
    await shows(/thumbnails-dev-echo: unchanged, release 1/)
  })

  it('lets its functions be removed: none is left, nor a worker', async () => {
    const removed = await runCli(cli, ['remove'], { cwd: directory })
    assert.equal(removed.code, 0, removed.stdout)
    assert.match(removed.stderr, /thumbnails-dev-thumbnail: removed/)
    assert.equal(existsSync(join(directory, '.serverless')), false)
    const url = readDispatcherFile(directory)?.url ?? ''
    const ask = async <T>(path: string) => (await (await fetch(url + path)).json()) as T
    await eventually(async () => {
      const { backends } = await ask<{ backends: BackendStatus[] }>('/v1/backends')
      return backends.every(({ workers }) => workers === 0)
    })
    assert.deepEqual(await ask('/v1/functions'), { functions: [] })
  })

  it('ends at Ctrl-C, with its dispatcher', async () => {
    const ended = once(child, 'exit')
    child.kill('SIGINT')
    assert.deepEqual(await ended, [0, null])
    assert.match(shown, /Stopping the dispatcher/)
    assert.throws(() => process.kill(dispatcher!, 0), { code: 'ESRCH' })
    assert.equal(readDispatcherFile(directory), undefined)
  })

  it('has kept all that it knew in .spillway/, which goes with `remove`; data stays', async () => {
    assert.ok(existsSync(join(directory, '.spillway', 'spillway.db')))
    await remove(commandIn(directory).context)
    assert.equal(existsSync(join(directory, '.spillway')), false)
    assert.equal(readFileSync(join(directory, 'data/photos/out/cat.jpg'), 'utf8'), 'meow')
  })
})

function killHard(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
