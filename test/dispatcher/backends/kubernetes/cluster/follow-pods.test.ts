import assert from 'node:assert/strict'
import { ClusterRefusal, ClusterUnreachable } from '../../../../../dispatcher/backends/kubernetes/cluster/cluster.js'
import { followPods } from '../../../../../dispatcher/backends/kubernetes/cluster/follow-pods.js'
import { eventually } from '../../../../support/eventually.js'
import { FakeCluster } from '../../../../support/fake-cluster.js'

describe('kubernetes: following pods', () => {
  const stop: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const end of stop.splice(0)) await end()
  })

  async function follow(cluster = new FakeCluster()) {
    const heard = { lists: 0, changes: [] as string[], troubles: [] as (string | undefined)[] }
    const closing = new AbortController()
    const following = followPods({
      cluster,
      selector: 'x=y',
      signal: closing.signal,
      onList: () => heard.lists++,
      onPod: (change) => heard.changes.push(change),
      onTrouble: (trouble) => heard.troubles.push(trouble),
    })
    stop.push(async () => {
      closing.abort()
      await following
    })
    await eventually(() => cluster.watches === 1)
    return { cluster, heard }
  }

  it('hears what changes', async () => {
    const { cluster, heard } = await follow()
    await cluster.createJob({ metadata: { name: 'j' }, spec: { template: {} } })
    cluster.run('j')
    cluster.vanish('j')
    assert.deepEqual(heard.changes, ['ADDED', 'MODIFIED', 'DELETED'])
  })

  it('lists again when the server ends the watch, or has forgotten where it was', async () => {
    const { cluster, heard } = await follow()
    cluster.endWatches()
    await eventually(() => heard.lists === 2 && cluster.watches === 1, { timeoutMs: 300 })
    cluster.endWatches(new ClusterRefusal(410, 'Expired', 'too old resource version'))
    await eventually(() => heard.lists === 3 && cluster.watches === 1, { timeoutMs: 300 })
    assert.ok(heard.troubles.every((trouble) => trouble === undefined))
  })

  it('waits before it asks again when the connection breaks, and says so', async () => {
    const { cluster, heard } = await follow()
    const before = Date.now()
    cluster.endWatches(new ClusterUnreachable('socket hang up'))
    await eventually(() => heard.lists === 2)
    assert.ok(Date.now() - before >= 490)
    assert.deepEqual(heard.troubles, [undefined, 'socket hang up', undefined])
  })
})
