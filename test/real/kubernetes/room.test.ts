/** A node that others use too: what they take is not there for workers, and what finds no room goes over. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BackendStatus, InvocationRecord } from '../../../runtime/contract/dispatcher-api.js'
import { busyboxRoot } from '../../support/containers/root-directories.js'
import type { DispatcherProcess } from '../../support/dispatcher-process.js'
import { eventually } from '../../support/eventually.js'
import { beside, onLambda } from '../../support/lambda/beside-lambda.js'
import { FUNCTION, SmallLambda } from '../../support/lambda/small-lambda.js'
import { heardOnce } from '../../support/script-signals.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'
import { testCluster, testNamespace } from '../cluster/test-cluster.js'
import { workbench } from './workbench.js'

const SCRIPT = '#!/bin/sh\necho "on $SPILLWAY_BACKEND"\n'
const CPU = 0.25
const SIZE = { memorySize: 128, cpu: CPU, ephemeralStorageSize: 16 }

describe('a node that others use too', function () {
  this.timeout(180_000)
  const cluster = testCluster({ own: true })
  const bench = workbench(cluster, testNamespace(cluster))
  const others = testNamespace(cluster)
  const directory = temporaryDirectory()
  let image: string
  let lambda: SmallLambda
  let dispatcher: DispatcherProcess
  let cpus: number

  before(async () => {
    image = await bench().image('busybox', busyboxRoot, { WorkingDir: '/tmp/work' })
    cpus = Number(await cluster().kubectl('get', 'nodes', '--output=jsonpath={.items[0].status.allocatable.cpu}'))
  })
  beforeEach(async () => {
    mkdirSync(join(directory(), 'lambda'))
    lambda = await SmallLambda.start(join(directory(), 'lambda'))
    await lambda.install({ script: SCRIPT })
    const more = { lease: 6, heartbeat: 2, backends: { lambda: onLambda() } }
    dispatcher = await bench().start({ keepAlive: 600 }, more, beside(lambda))
    await put(SCRIPT)
  })
  afterEach(async () => {
    await lambda.stop()
    await cluster().kubectl('delete', 'daemonset', '--all', '--namespace', others, '--cascade=foreground', '--wait')
  })

  /** Where there is a slot it waits for a worker to come up there. */
  const put = (script: string, more: Record<string, unknown> = {}) =>
    dispatcher.put(FUNCTION, script, { image, ...SIZE, routing: { expectedTime: 1, waitingBudget: 60 }, ...more })

  /** On every node, as those who look after them have it. */
  const daemonSet = (cpu: number) => ({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent', namespace: others },
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      template: {
        metadata: { labels: { app: 'agent' } },
        spec: {
          terminationGracePeriodSeconds: 0,
          securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'agent',
              image,
              command: ['sleep', '3600'],
              resources: { requests: { cpu: `${Math.round(cpu * 1000)}m` } },
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    },
  })
  async function take(cpu: number): Promise<void> {
    await cluster().apply(daemonSet(cpu))
    await cluster().kubectl('rollout', 'status', 'daemonset/agent', '--namespace', others, '--timeout=60s')
  }
  const leave = () =>
    cluster().kubectl('delete', 'daemonset', 'agent', '--namespace', others, '--cascade=foreground', '--wait')

  const kubernetes = async () => {
    const { body } = await dispatcher.call<{ backends: BackendStatus[] }>('GET', '/v1/backends')
    return body.backends.find(({ name }) => name === 'kubernetes')!
  }
  const roomBeside = (taken: number) => Math.floor((cpus - taken) / CPU + 1e-6)

  /** It looks when there is work, and from time to time without. */
  async function slots(count: number): Promise<void> {
    const since = Date.now()
    await eventually(async () => (await kubernetes()).slots === count, {
      timeoutMs: 75_000,
      everyMs: 100,
      what: `${count} slots`,
    }).catch(async (error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(await kubernetes())}`)
    })
    process.stdout.write(`        ${count} slots after ${Date.now() - since} ms\n`)
  }
  async function run(): Promise<InvocationRecord> {
    const record = await dispatcher.invokeAndWait(FUNCTION)
    assert.equal(record.state, 'succeeded', record.message)
    return record
  }
  const placeOf = ({ tries }: InvocationRecord) => tries.at(-1)!.backend

  it('has fewer slots while their pods are there, and as many as before when they are gone', async () => {
    const { signals } = bench()
    await put(`${SCRIPT}${signals.say('runs')}\n${signals.waitFor('go')}`, { concurrency: 1, backends: ['kubernetes'] })
    const ids = [await dispatcher.invoke(FUNCTION), await dispatcher.invoke(FUNCTION)].map(({ id }) => id)
    await heardOnce(signals, 'runs')
    // Its own worker is not in the way of its own workers.
    await slots(roomBeside(0))
    await take(1)
    await slots(roomBeside(1))
    await leave()
    await slots(roomBeside(0))
    signals.tell('go')
    for (const id of ids) assert.equal((await dispatcher.invocation(id, '?wait=60s')).state, 'succeeded')
  })

  it('spills what finds no room beside them at once, and keeps it when they are gone', async () => {
    assert.equal(placeOf(await run()), 'kubernetes')
    await bench().kubectl('delete', 'jobs', '--all', '--wait=false')
    await bench().empty()
    await take(cpus - CPU / 2)
    await slots(0)
    const over = await run()
    assert.equal(placeOf(over), 'lambda')
    assert.match(over.decision.reasons.map(({ text }) => text).join('\n'), /there is no capacity for it/)
    await leave()
    await slots(roomBeside(0))
    assert.equal(placeOf(await run()), 'kubernetes')
  })
})
