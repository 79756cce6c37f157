/** What every back-end must do with attempts, seen through the dispatcher; the scripts are plain `sh`. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'

export interface BackendDriver {
  name: string
  /** A dispatcher with this back-end, two attempts at once, short leases; started again on the same state. */
  start: () => Promise<DispatcherProcess>
  /** Keys of the function spec that choose the back-end. */
  spec: Record<string, unknown>
  /** A directory that the scripts see under the same path. */
  shared: () => string
  /** Kills the worker that runs an attempt, as a crash would. */
  killWorker: (dispatcher: DispatcherProcess) => Promise<void>
  /** What it cannot show, with the reason. */
  unsupported?: { outOfMemory?: string }
}

const FUNCTION = 's-dev-f'

export function backendSuite({ name, start, spec, shared, killWorker, unsupported = {} }: BackendDriver): void {
  describe(`back-end: ${name}`, function () {
    this.timeout(60_000)
    const put = (dispatcher: DispatcherProcess, script: string, more: Record<string, unknown> = {}) =>
      dispatcher.put(FUNCTION, `#!/bin/sh\n${script}\n`, { ...spec, ...more })
    const once = { retries: { attempts: 1 } }

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
      const pids = `${shared()}/pids`
      await put(dispatcher, `trap '' TERM\n(trap '' TERM; sleep 300) &\necho $$ $! > ${pids}\nwait`, {
        ...once,
        timeout: 1,
      })
      const record = await dispatcher.invokeAndWait(FUNCTION)
      assert.equal(record.cause, 'timeout')
      const started = readFileSync(pids, 'utf8').trim().split(' ').map(Number)
      await eventually(() => started.every((pid) => !isScript(pid)), { what: 'the end of every process' })
    })

    it('tells out of memory from a failed script', async function () {
      if (unsupported.outOfMemory) {
        process.stdout.write(`      skipped: ${unsupported.outOfMemory}\n`)
        this.skip()
      }
      const dispatcher = await start()
      await put(dispatcher, 'x=$(head -c 900000000 /dev/zero | tr "\\0" x); echo ${#x}', { ...once, memorySize: 128 })
      assert.equal((await dispatcher.invokeAndWait(FUNCTION)).cause, 'out-of-memory')
    })

    it('cancels what runs', async () => {
      const dispatcher = await start()
      const mark = `${shared()}/started`
      await put(dispatcher, `echo $$ > ${mark}; sleep 300`)
      const { id } = await dispatcher.invoke(FUNCTION)
      await eventually(() => existsSync(mark) && readFileSync(mark, 'utf8').trim() !== '')
      await dispatcher.call('POST', `/v1/invocations/${id}/cancel`)
      assert.equal((await dispatcher.invocation(id)).state, 'cancelled')
      await eventually(() => !isScript(Number(readFileSync(mark, 'utf8'))), { what: 'the end of the script' })
    })

    it('takes the attempt of a killed worker back, and kills the script that it left', async () => {
      const dispatcher = await start()
      const mark = `${shared()}/first`
      await put(dispatcher, `[ -e ${mark} ] && exit 0\necho $$ > ${mark}; sleep 300`)
      const { id } = await dispatcher.invoke(FUNCTION)
      await eventually(() => existsSync(mark) && readFileSync(mark, 'utf8').trim() !== '')
      await killWorker(dispatcher)
      const record = await dispatcher.invocation(id, '?wait=30s')
      assert.equal(record.state, 'succeeded')
      assert.deepEqual(
        record.tries.map(({ cause }) => cause),
        ['worker-lost', undefined],
      )
      await eventually(() => !isScript(Number(readFileSync(mark, 'utf8'))), {
        what: 'the end of the script left behind',
      })
    })

    it('lets a worker finish although the dispatcher was killed and started again', async () => {
      const first = await start()
      const go = `${shared()}/go`
      await put(first, `while [ ! -e ${go} ]; do sleep 0.05; done; echo done`)
      const { id } = await first.invoke(FUNCTION)
      await eventually(async () => (await first.invocation(id)).state === 'running')
      await first.kill()
      const second = await start()
      writeFileSync(go, '')
      const record = await second.invocation(id, '?wait=30s')
      assert.equal(record.state, 'succeeded')
      assert.equal(record.result?.body, 'done\n')
    })

    it('runs two at once when it has two slots, and the others after them', async () => {
      const dispatcher = await start()
      const at = (what: string) => `date +%s%N >> ${shared()}/${what}`
      await put(dispatcher, `${at('starts')}; sleep 0.3; ${at('ends')}`)
      await Promise.all(Array.from({ length: 5 }, () => dispatcher.invoke(FUNCTION)))
      await dispatcher.allEnded(5)
      const times = (what: string) => readFileSync(`${shared()}/${what}`, 'utf8').trim().split('\n').map(BigInt)
      const marks = [
        ...times('starts').map((time) => ({ time, step: 1 })),
        ...times('ends').map((time) => ({ time, step: -1 })),
      ]
      let running = 0
      const most = Math.max(...marks.sort((a, b) => (a.time < b.time ? -1 : 1)).map(({ step }) => (running += step)))
      assert.equal(most, 2)
    })
  })
}

/** Pids are used again: only a process that still looks like ours counts. */
function isScript(pid: number): boolean {
  try {
    return /sh|sleep/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
  } catch {
    return false
  }
}
