/** A machine is lost with all that runs on it. */
import assert from 'node:assert/strict'
import { busyboxRoot } from '../../support/containers/root-directories.js'
import { eventually } from '../../support/eventually.js'
import { heardOnce } from '../../support/script-signals.js'
import { testCluster, testNamespace } from '../cluster/test-cluster.js'
import { killSupervisors, workbench } from './workbench.js'

const FUNCTION = 'n-dev-f'

describe('the loss of a node', function () {
  this.timeout(180_000)
  const cluster = testCluster({ own: true })
  const bench = workbench(cluster, testNamespace(cluster))
  afterEach(() => cluster().startKubelet())

  it('gives its attempts back as evicted, a lease later, and they run again where there is a node', async () => {
    const image = await bench().image('busybox', busyboxRoot, { WorkingDir: '/tmp/work' })
    const dispatcher = await bench().start()
    const { signals } = bench()
    const script = `#!/bin/sh\n[ "$SPILLWAY_ATTEMPT" = 2 ] && exit 0\n${signals.say('runs')}\nsleep 1000\n`
    const spec = { image, memorySize: 128, cpu: 0.2, ephemeralStorageSize: 64, retries: { attempts: 1 } }
    await dispatcher.put(FUNCTION, script, spec)
    const { id } = await dispatcher.invoke(FUNCTION)
    await heardOnce(signals, 'runs')
    await cluster().stopKubelet()
    await killSupervisors(cluster())
    const lost = await eventually(
      async () => (await dispatcher.invocation(id)).tries.find(({ cause }) => cause !== undefined),
      { timeoutMs: 60_000, everyMs: 500, what: 'the end of its lease' },
    )
    assert.equal(lost.cause, 'evicted', lost.message)
    assert.match(lost.message ?? '', /its node spillway-\S+ has not been heard of for \d+ s/)
    await cluster().startKubelet()
    const record = await dispatcher.invocation(id, '?wait=60s')
    assert.deepEqual([record.state, record.tries.length], ['succeeded', 2], record.message)
  })
})
