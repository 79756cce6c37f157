import assert from 'node:assert/strict'
import { openSync, ftruncateSync, closeSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { OutputGrant } from '../../../runtime/contract/grant.js'
import { FakeRuntimeApi } from '../../support/fake-runtime-api.js'
import type { SupervisorProcess } from '../../support/supervisor-process.js'
import { bench, succeeded } from './bench.js'

const BYTES = 300 * 1024 ** 2
/** Resident when idle, what is on its way, and a margin; the 64 MB of buffers that V8 lets pile up by itself do not fit. */
const TRANSFER_MEGABYTES_MAX = 90
/** The same with a flood of lines. */
const MEGABYTES_MAX = 150

describe('supervisor: bounded', function () {
  const on = bench()
  before(function () {
    if (process.platform === 'linux') return
    console.log('      skipped: only Linux tells the peak of memory in /proc')
    this.skip()
  })

  const assertSmall = (supervisor: SupervisorProcess, most = MEGABYTES_MAX) => {
    const megabytes = supervisor.peakMegabytes()!
    assert.ok(megabytes < most, `${megabytes} MB`)
  }

  it('moves 300 MB in and out over HTTP in little memory', async () => {
    const { start, hand, outcomeOf, api } = on()
    const url = (name: string) => `http://${api.address}/store/${name}`
    api.grants = (_, name): OutputGrant[] => [{ method: 'PUT', url: url(name), expiresAt: FakeRuntimeApi.later }]
    const supervisor = await start('truncate -s "$(stat -c %s "$INPUT_FILE_PATH")" "$TMP_OUTPUT_DIR/large"')
    const grant = {
      method: 'GET',
      name: 'in',
      url: url(`zeros-${BYTES}`),
      size: BYTES,
      expiresAt: FakeRuntimeApi.later,
    } as const
    succeeded(await outcomeOf(hand({ input: [grant] })))
    assert.equal(api.store.get('large')!.toString(), String(BYTES))
    assertSmall(supervisor, TRANSFER_MEGABYTES_MAX)
  })

  it('moves 300 MB in and out on the same disk in little memory', async () => {
    const { start, hand, outcomeOf, directory, published } = on()
    const path = join(directory, 'sparse')
    const file = openSync(path, 'w')
    ftruncateSync(file, BYTES)
    closeSync(file)
    const supervisor = await start('mv "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/large"')
    const url = pathToFileURL(path).href
    const grant = { method: 'GET', name: 'in', url, size: BYTES, expiresAt: FakeRuntimeApi.later } as const
    succeeded(await outcomeOf(hand({ input: [grant] })))
    assert.equal(statSync(published('large')).size, BYTES)
    assertSmall(supervisor, TRANSFER_MEGABYTES_MAX)
  })

  it('survives a script that prints 200 MB: in little memory, with a log that ends and says so', async () => {
    const { start, hand, outcomeOf, api } = on()
    const supervisor = await start('yes "a line of a flood of lines" | head -c 200000000; echo end >&2')
    succeeded(await outcomeOf(hand()))
    const bytes = api.log.reduce((sum, line) => sum + line.text.length, 0)
    assert.ok(bytes > 2e6 && bytes <= 8.1 * 1024 ** 2, `${bytes} bytes`)
    assert.equal(api.log.filter((line) => /the rest is not kept/.test(line.text)).length, 1)
    assertSmall(supervisor)
  })

  it('makes a script wait, then drops lines and counts them, while its log is not taken', async () => {
    const { start, hand, outcomeOf, api } = on()
    let away = true
    api.rule = ({ path }) => (away && path.endsWith('/log') ? { status: 503 } : undefined)
    const supervisor = await start('seq 1 200000; echo end >&2')
    const attempt = hand()
    setTimeout(() => (away = false), 2600)
    succeeded(await outcomeOf(attempt))
    const dropped = api.log.map((line) => Number(/^(\d+) lines dropped/.exec(line.text)?.[1] ?? 0))
    const kept = api.log.filter((line) => line.stream !== 'system').length
    assert.equal(kept + dropped.reduce((a, b) => a + b), 200_001)
    assert.ok(dropped.some((count) => count > 0))
    assertSmall(supervisor)
  })

  it('hands on a line without an end in pieces', async () => {
    const { start, hand, outcomeOf, api } = on()
    await start('head -c 100000 /dev/zero | tr "\\0" x')
    succeeded(await outcomeOf(hand()))
    assert.deepEqual([api.logText('stdout').length - (api.log.length - 1), api.log.length], [100_000, 7])
  })
})
