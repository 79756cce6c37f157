/** Scripts that take longer to survive than `npm test` may last. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dispatchers } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

describe('hard scripts', function () {
  this.timeout(180_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)

  it('may print 1 GB: the beginning is kept, the machine is not filled', async () => {
    const dispatcher = await start()
    const script = '#!/bin/sh\nyes "a line of some length that says nothing" | head -c 1000000000\n'
    await dispatcher.put('s-dev-loud', script)
    const record = await dispatcher.invokeAndWait('s-dev-loud')
    assert.deepEqual([record.state, record.result?.truncated], ['succeeded', true])
    const log = await dispatcher.call<string>('GET', `/v1/invocations/${record.id}/log`)
    assert.match(log.body, /the log of this attempt has reached 8388608 bytes; the rest is not kept/)
    assert.ok(log.body.length < 30e6)
  })

  it('end at their timeout though they fork and ignore SIGTERM, with all that they started', async () => {
    const dispatcher = await start()
    const script = `#!/bin/sh
trap '' TERM
setsid sh -c 'trap "" TERM; echo $$ >> ${directory()}/pids; while :; do sleep 0.1; done' &
sh -c 'trap "" TERM; echo $$ >> ${directory()}/pids; while :; do sleep 0.1; done' &
echo $$ >> ${directory()}/pids
while :; do sleep 0.1; done
`
    await dispatcher.put('s-dev-stubborn', script, { timeout: 1, retries: { attempts: 1 } })
    const record = await dispatcher.invokeAndWait('s-dev-stubborn')
    assert.deepEqual([record.state, record.cause], ['failed', 'timeout'])
    const pids = readFileSync(`${directory()}/pids`, 'utf8').trim().split('\n').map(Number)
    assert.equal(pids.length, 3)
    await eventually(() => pids.every((pid) => !existsSync(`/proc/${pid}`)), { what: 'the end of all three' })
  })
})
