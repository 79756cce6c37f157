/** `serverless spillway dev` with the real dispatcher: drop a file, change the service, break it, stop. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { readDispatcherFile } from '../../plugin/locate-dispatcher.js'
import { copyFixture, runCli, startCli, testClis } from '../support/cli.js'
import { eventually } from '../support/eventually.js'

const BUILT = ['dispatcher/main.js', 'runtime/supervisor.cjs'].map((file) =>
  resolve(__dirname, '..', '..', 'dist', file),
)

for (const cli of testClis())
  describe(`serverless spillway dev on ${cli.name}`, function () {
    this.timeout(120_000)
    let root: string
    let directory: string
    let child: ChildProcess
    let shown = ''
    let dispatcher: number | undefined

    const shows = (text: RegExp) =>
      eventually(() => text.test(shown), { timeoutMs: 40_000, what: `${text} in ${shown}` })
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
      await shows(/thumbnails-dev-thumbnail {2}cat\.jpg {2}.* s {2}-> here:\/\/photos\/out\/cat\.jpg/)
      assert.equal(readFileSync(join(directory, 'data/photos/out/cat.jpg'), 'utf8'), 'meow')
    })

    it('starts no second one', async () => {
      const { code, stdout } = await runCli(cli, ['spillway', 'dev'], { cwd: directory })
      assert.equal(code, 1)
      assert.match(stdout, new RegExp(`A dispatcher of this service runs already: pid ${dispatcher}, http://127`))
    })

    it('keeps the old release while the configuration is broken, and takes the mended one', async () => {
      edit((yaml) => yaml.replace('timeout: 20m', 'timeout: 20x'))
      await shows(/The change cannot be used; the releases from before it keep running/)
      await shows(/functions\.thumbnail\.timeout must be number, got "20x"/)
      edit((yaml) => yaml.replace('timeout: 20x', 'timeout: 30m'))
      await shows(/thumbnails-dev-thumbnail: release 2/)
      writeFileSync(join(directory, 'thumbnail.sh'), '#!/bin/sh\necho cannot >&2\nexit 3\n')
      await shows(/thumbnails-dev-thumbnail: release 3/)
    })

    it('ends at Ctrl-C, with its dispatcher', async () => {
      const ended = once(child, 'exit')
      child.kill('SIGINT')
      assert.deepEqual(await ended, [0, null])
      assert.match(shown, /Stopping the dispatcher/)
      assert.throws(() => process.kill(dispatcher!, 0), { code: 'ESRCH' })
      assert.equal(readDispatcherFile(directory), undefined)
    })
  })

function killHard(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
