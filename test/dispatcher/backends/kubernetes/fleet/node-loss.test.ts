import assert from 'node:assert/strict'
import { ClusterUnreachable } from '../../../../../dispatcher/backends/kubernetes/cluster/cluster.js'
import { silenceOf } from '../../../../../dispatcher/backends/kubernetes/fleet/node-loss.js'
import { benches } from '../bench.js'

describe('kubernetes: a silent worker', () => {
  const { ready: bench } = benches()
  const renewed = (at: number) => ({ spec: { renewTime: new Date(at).toISOString(), leaseDurationSeconds: 40 } })

  async function onNode() {
    const on = await bench()
    const [job] = await on.up(1)
    on.cluster.place(job!, 'n1')
    return { on, job: job!, lossOf: () => on.backend.lossOf(on.workerOf(job!)) }
  }

  it('was on a node that has been silent too: it is evicted, in so many words', async () => {
    const { on, lossOf } = await onNode()
    on.cluster.leases.set('n1', renewed(on.now - 31_000))
    assert.deepEqual(await lossOf(), { cause: 'evicted', why: 'its node n1 has not been heard of for 31 s' })
  })

  it('is lost where its node is well', async () => {
    const { on, lossOf } = await onNode()
    on.cluster.leases.set('n1', renewed(on.now - 11_000))
    assert.equal(await lossOf(), undefined)
  })

  it('is lost where nobody may know, or nobody answers', async () => {
    const { on, lossOf } = await onNode()
    assert.equal(await lossOf(), undefined)
    on.cluster.faults.set('leaseOf', new ClusterUnreachable('down'))
    assert.equal(await lossOf(), undefined)
  })

  it('is evicted where the cluster has said that it takes the pod away', async () => {
    const { on, job, lossOf } = await onNode()
    on.cluster.become(job, {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False' }],
      containerStatuses: [{ name: 'worker', state: { running: {} } }],
    })
    assert.deepEqual(await lossOf(), { cause: 'evicted', why: 'its node is not ready' })
  })

  it('is nothing that an unknown worker could be', async () => {
    const { on } = await onNode()
    assert.equal(await on.backend.lossOf('somebody'), undefined)
  })

  it('knows what a lease is good for, also where it says little', () => {
    assert.equal(silenceOf({}, 1e12), 0)
    assert.equal(silenceOf({ spec: { renewTime: new Date(1e12 - 20_000).toISOString() } }, 1e12), 0)
    assert.equal(silenceOf({ spec: { renewTime: new Date(1e12 - 21_000).toISOString() } }, 1e12), 21)
    const patient = { spec: { renewTime: new Date(1e12 - 59_000).toISOString(), leaseDurationSeconds: 120 } }
    assert.equal(silenceOf(patient, 1e12), 0)
  })
})
