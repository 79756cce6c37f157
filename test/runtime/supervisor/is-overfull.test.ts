import assert from 'node:assert/strict'
import { existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isOverfull } from '../../../runtime/supervisor/is-overfull.js'
import { eventually } from '../../support/eventually.js'
import { FakeRuntimeApi } from '../../support/fake-runtime-api.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'
import { bench, failedWith } from './bench.js'

const MEGABYTE = 1024 ** 2

describe('supervisor: a disk that is overfull', () => {
  const directory = temporaryDirectory()
  const on = bench()
  const fill = (name: string, bytes: number) => {
    mkdirSync(join(directory(), 'a/b'), { recursive: true })
    writeFileSync(join(directory(), name), Buffer.alloc(bytes, 1))
  }

  it('counts what is in all directories', () => {
    fill('a/one', 0.6 * MEGABYTE)
    assert.equal(isOverfull([directory()], 1, Date.now), false)
    fill('a/b/two', 0.6 * MEGABYTE)
    assert.equal(isOverfull([directory()], 1, Date.now), true)
  })

  it('does not count holes, and takes what is not there for empty', () => {
    fill('a/one', 1)
    truncateSync(join(directory(), 'a/one'), 100 * MEGABYTE)
    assert.equal(isOverfull([directory()], 1, Date.now), false)
    assert.equal(isOverfull([join(directory(), 'none')], 1, Date.now), false)
  })

  it('gives up after a while', () => {
    fill('a/one', 2 * MEGABYTE)
    let now = 0
    assert.equal(
      isOverfull([directory()], 1, () => (now += 300)),
      false,
    )
  })

  const ended = async (worker: { limitedDirectories?: string[] }, megabytes: number) => {
    const { start, hand, directory: root } = on()
    const mark = join(root, `running-${megabytes}`)
    const script = `head -c ${2 * MEGABYTE} /dev/zero > "$TMPDIR/large"; touch ${mark}; while :; do sleep 0.05; done\n`
    const supervisor = await start(script, worker)
    const limits = { deadlineMs: FakeRuntimeApi.later, ephemeralStorageSize: megabytes }
    const attempt = hand({ limits })
    await eventually(() => existsSync(mark))
    supervisor.child.kill('SIGTERM')
    await supervisor.ended
    return attempt
  }

  it('fails an attempt whose worker is sent away for that, instead of giving it back', async () => {
    const { api, outcomeOf, directory: root } = on()
    const attempt = await ended({ limitedDirectories: [join(root, 'scratch')] }, 1)
    const outcome = failedWith(await outcomeOf(attempt))
    assert.deepEqual([outcome.cause, api.released], ['no-space', []])
    assert.match(outcome.message, /more than 1 MB\. Set a larger ephemeralStorageSize/)
  })

  it('gives it back where there is room, and where nothing is limited', async () => {
    const { api, directory: root } = on()
    const attempts = [await ended({ limitedDirectories: [join(root, 'scratch')] }, 10), await ended({}, 1)]
    assert.deepEqual(api.released, attempts)
  })
})
