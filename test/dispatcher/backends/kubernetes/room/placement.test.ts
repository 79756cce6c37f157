import assert from 'node:assert/strict'
import { mayHold, takesPods, type Toleration } from '../../../../../dispatcher/backends/kubernetes/room/placement.js'
import { nodeOf } from '../../../../support/kubernetes-objects.js'

const TAINT = { key: 'gpu', value: 'yes', effect: 'NoSchedule' }

describe('kubernetes: where a worker may go', () => {
  const holds = (tolerations: Toleration[], taint = TAINT) =>
    mayHold(nodeOf('n', {}, { taints: [taint] }), { labels: [], tolerations })

  it('to no node that is cordoned or away', () => {
    assert.ok(takesPods(nodeOf('n', {})))
    assert.ok(takesPods({ metadata: { name: 'n' } }))
    assert.ok(!takesPods(nodeOf('n', {}, { unschedulable: true })))
    assert.ok(!takesPods(nodeOf('n', {}, { ready: 'False' })))
    assert.ok(!takesPods(nodeOf('n', {}, { ready: 'Unknown' })))
  })

  it('to nodes that have every label that it wants', () => {
    const node = nodeOf('n', {}, { labels: { disk: 'ssd', zone: 'a' } })
    const on = (labels: Record<string, string>) => mayHold(node, { labels: Object.entries(labels), tolerations: [] })
    assert.ok(on({ 'kubernetes.io/arch': 'amd64', disk: 'ssd' }))
    assert.ok(!on({ 'kubernetes.io/arch': 'arm64' }))
    assert.ok(!on({ disk: 'ssd', zone: 'b' }))
    assert.ok(!on({ gpu: '' }))
  })

  it('to no node with a taint, unless that only asks to keep off', () => {
    assert.ok(!holds([]))
    assert.ok(!holds([], { ...TAINT, effect: 'NoExecute' }))
    assert.ok(holds([], { ...TAINT, effect: 'PreferNoSchedule' }))
  })

  const TOLERATIONS: [string, Toleration, boolean][] = [
    ['the same key, value and effect', { key: 'gpu', value: 'yes', effect: 'NoSchedule' }, true],
    ['any effect', { key: 'gpu', operator: 'Equal', value: 'yes' }, true],
    ['any value', { key: 'gpu', operator: 'Exists' }, true],
    ['everything', { operator: 'Exists' }, true],
    ['another value', { key: 'gpu', value: 'no' }, false],
    ['no value', { key: 'gpu' }, false],
    ['another key', { key: 'cpu', operator: 'Exists' }, false],
    ['another effect', { key: 'gpu', operator: 'Exists', effect: 'NoExecute' }, false],
    ['no key, which only Exists may lack', { value: 'yes' }, false],
    ['an operator that nobody knows', { key: 'gpu', operator: 'Like', value: 'yes' }, false],
  ]
  for (const [what, toleration, is] of TOLERATIONS)
    it(`${is ? 'tolerates' : 'does not tolerate'} it with ${what}`, () => assert.equal(holds([toleration]), is))

  it('only where all taints are tolerated', () => {
    const taints = [TAINT, { key: 'node.kubernetes.io/disk-pressure', effect: 'NoSchedule' }]
    const on = (tolerations: Toleration[]) => mayHold(nodeOf('n', {}, { taints }), { labels: [], tolerations })
    assert.ok(!on([{ key: 'gpu', operator: 'Exists' }]))
    assert.ok(
      on([
        { key: 'gpu', operator: 'Exists' },
        { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists' },
      ]),
    )
  })
})
