/** What every back-end must do with attempts, seen through the dispatcher; the scripts are plain `sh`. */
import assert from 'node:assert/strict'
import type { DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { heardOnce, silence, type ScriptSignals } from '../support/script-signals.js'

export interface BackendDriver {
  name: string
  /** A dispatcher with this back-end, two attempts at once, short leases; started again on the same state. */
  start: () => Promise<DispatcherProcess>
  /** Keys of the function spec that choose the back-end. */
  spec: Record<string, unknown>
  /** What scripts say to the test and wait for; silent again before each test. */
  signals: () => ScriptSignals
  /** Kills the worker that runs an attempt, as a crash would. */
  killWorker: (dispatcher: DispatcherProcess) => Promise<void>
  /** What it cannot show, with the reason. */
  unsupported?: { outOfMemory?: string; crash?: string }
}

const FUNCTION = 's-dev-f'

export function backendSuite({ name, start, spec, signals, killWorker, unsupported = {} }: BackendDriver): void {
  describe(`back-end: ${name}`, function () {
    this.timeout(60_000)
    const put = (dispatcher: DispatcherProcess, script: string, more: Record<string, unknown> = {}) =>
      dispatcher.put(FUNCTION, `#!/bin/sh\n${script}\n`, { ...spec, ...more })
    const once = { retries: { attempts: 1 } }
    /** Says that it lives, and goes on saying so. */
    const live = (word: string) => `while :; do ${signals().say(word)}; sleep 0.1; done`

    it('runs a script to its end', async () => {
      const dispatcher = await start()
      await put(dispatcher, 'cat')
      const record = await dispatcher.invokeAndWait(FUNCTION, 'hello')
      assert.equal(record.state, 'succeeded')
      assert.equal(record.result?.body, 'hello')
    })

    it('reports a script that fails, with its exit code and its last words', async () => {
      const dispatcher = await start()
      await put(dispatcher, 'echo broken >&2; exit 3', once)
      const record = await dispatcher.invokeAndWait(FUNCTION)
      assert.deepEqual([record.state, record.cause, record.tries[0]?.exitCode], ['failed', 'script-exit', 3])
      const { body } = await dispatcher.call<string>('GET', `/v1/invocations/${record.id}/log`)
      assert.match(body, /broken/)
    })

    it('ends a script that takes too long, and its children that ignore SIGTERM', async () => {
      const dispatcher = await start()
      await put(dispatcher, `trap '' TERM\n(trap '' TERM; ${live('child')}) &\n${live('parent')}`, {
        ...once,
        timeout: 2,
      })
      const record = await dispatcher.invokeAndWait(FUNCTION)
      assert.equal(record.cause, 'timeout')
      assert.ok(['child', 'parent'].every((word) => signals().heard().includes(word)))
      await silence(signals())
    })

    it('tells out of memory from a failed script', async function () {
      skipIf(this, unsupported.outOfMemory)
      const dispatcher = await start()
      await put(dispatcher, 'x=$(head -c 900000000 /dev/zero | tr "\\0" x); echo ${#x}', { ...once, memorySize: 128 })
      assert.equal((await dispatcher.invokeAndWait(FUNCTION)).cause, 'out-of-memory')
    })

    it('cancels what runs', async () => {
      const dispatcher = await start()
      await put(dispatcher, live('runs'))
      const { id } = await dispatcher.invoke(FUNCTION)
      await heardOnce(signals(), 'runs')
      await dispatcher.call('POST', `/v1/invocations/${id}/cancel`)
      assert.equal((await dispatcher.invocation(id)).state, 'cancelled')
      await silence(signals())
    })

    it('takes the attempt of a killed worker back, and kills the script that it left', async function () {
      skipIf(this, unsupported.crash)
      const dispatcher = await start()
      await put(dispatcher, `[ "$SPILLWAY_ATTEMPT" = 2 ] && exit 0\n${live('runs')}`)
      const { id } = await dispatcher.invoke(FUNCTION)
      await heardOnce(signals(), 'runs')
      await killWorker(dispatcher)
      const record = await dispatcher.invocation(id, '?wait=30s')
      assert.equal(record.state, 'succeeded')
      assert.deepEqual(
        record.tries.map(({ cause }) => cause),
        ['worker-lost', undefined],
      )
      await silence(signals())
    })

    it('lets a worker finish although the dispatcher was killed and started again', async () => {
      const first = await start()
      await put(first, `${signals().waitFor('go')}; echo done`)
      const { id } = await first.invoke(FUNCTION)
      await eventually(async () => (await first.invocation(id)).state === 'running', { timeoutMs: 30_000 })
      await first.kill()
      const second = await start()
      signals().tell('go')
      const record = await second.invocation(id, '?wait=30s')
      assert.equal(record.state, 'succeeded')
      assert.equal(record.result?.body, 'done\n')
    })

    it('runs two at once when it has two slots, and the others after them', async () => {
      const dispatcher = await start()
      await put(dispatcher, `${signals().say('starts')}; sleep 0.5; ${signals().say('ends')}`)
      await Promise.all(Array.from({ length: 5 }, () => dispatcher.invoke(FUNCTION)))
      await dispatcher.allEnded(5, 40_000)
      let running = 0
      const most = Math.max(
        ...signals()
          .heard()
          .map((word) => (running += word === 'starts' ? 1 : -1)),
      )
      assert.equal(most, 2)
    })
  })
}

function skipIf(test: Mocha.Context, reason: string | undefined): void {
  if (reason === undefined) return
  process.stdout.write(`      skipped: ${reason}\n`)
  test.skip()
}
