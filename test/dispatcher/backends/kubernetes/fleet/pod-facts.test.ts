import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { PodStatus, Terminated } from '../../../../../dispatcher/backends/kubernetes/cluster/objects.js'
import { podFacts, vanished, type PodEnd } from '../../../../../dispatcher/backends/kubernetes/fleet/pod-facts.js'

const facts = (status: PodStatus, more: { deletionTimestamp?: string } = {}) =>
  podFacts({ metadata: { name: 'p', uid: 'u', ...more }, status })
const scheduled = { type: 'PodScheduled', status: 'True' }
const waiting = (reason: string, message?: string): PodStatus => ({
  phase: 'Pending',
  conditions: [scheduled],
  containerStatuses: [{ name: 'worker', state: { waiting: { reason, ...(message ? { message } : {}) } } }],
})
const ended = (terminated: Terminated, status: PodStatus = {}, more: { deletionTimestamp?: string } = {}): PodEnd => {
  const found = facts(
    { phase: 'Failed', ...status, containerStatuses: [{ name: 'worker', state: { terminated } }] },
    more,
  )
  assert.equal(found.phase, 'ended')
  return (found as { end: PodEnd }).end
}

describe('kubernetes: what a pod says', () => {
  it('has no place yet', () => assert.deepEqual(facts({ phase: 'Pending' }), { phase: 'unscheduled' }))

  it("has no place, in the scheduler's words", () => {
    const words = '0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s).'
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: words }
    assert.deepEqual(facts({ phase: 'Pending', conditions: [condition] }), { phase: 'unscheduled', words })
  })

  it('is being made', () => {
    assert.deepEqual(facts(waiting('ContainerCreating')), { phase: 'starting' })
    assert.deepEqual(facts(waiting('PodInitializing')), { phase: 'starting' })
    assert.deepEqual(facts({ phase: 'Pending', conditions: [scheduled] }), { phase: 'starting' })
  })

  for (const [reason, isFinal] of [
    ['ErrImagePull', false],
    ['ImagePullBackOff', false],
    ['InvalidImageName', true],
    ['ErrImageNeverPull', true],
    ['CreateContainerConfigError', false],
  ] as const)
    it(`cannot start: ${reason}`, () =>
      assert.deepEqual(facts(waiting(reason, 'because')), {
        phase: 'starting',
        trouble: { reason, words: 'because', isFinal },
      }))

  it('cannot start because of its init container', () => {
    const state = { waiting: { reason: 'ErrImagePull', message: 'no kit' } }
    const found = facts({ conditions: [scheduled], initContainerStatuses: [{ name: 'kit', state }] })
    assert.deepEqual(found, { phase: 'starting', trouble: { reason: 'ErrImagePull', words: 'no kit', isFinal: false } })
  })

  it('runs', () =>
    assert.deepEqual(facts({ phase: 'Running', containerStatuses: [{ name: 'worker', state: { running: {} } }] }), {
      phase: 'running',
    }))

  const running = (status: PodStatus, more: { deletionTimestamp?: string } = {}) =>
    facts({ phase: 'Running', containerStatuses: [{ name: 'worker', state: { running: {} } }], ...status }, more)
  const taken = { type: 'DisruptionTarget', status: 'True', message: 'Taint manager: deleting due to NoExecute taint' }
  for (const [what, found, leaving] of [
    ['is ready', running({ conditions: [{ type: 'Ready', status: 'True' }] }), undefined],
    ['its node is lost', running({ conditions: [{ type: 'Ready', status: 'False' }] }), 'its node is not ready'],
    ['its node is lost, as of old', running({ reason: 'NodeLost' }), 'its node is not ready'],
    ['its node is cleared', running({ conditions: [taken] }), `the pod is being evicted: ${taken.message}`],
    ['it is deleted', running({}, { deletionTimestamp: '2026-08-01T00:00:00Z' }), 'somebody has deleted the pod'],
  ] as const)
    it(`runs, and ${what}`, () => {
      assert.deepEqual(found, { phase: 'running', ...(leaving ? { leaving } : {}) })
      const { cause, why } = vanished(found)
      assert.deepEqual([cause, why], leaving ? ['evicted', leaving] : ['worker-lost', 'the pod is gone'])
    })

  const oomKilled = { exitCode: 137, reason: 'OOMKilled' }
  const disrupted = { type: 'DisruptionTarget', status: 'True', message: 'Eviction API: evicting' }
  for (const [what, end, cause, why] of [
    ['ended well', ended({ exitCode: 0 }), 'worker-lost', 'the pod ended with exit code 0'],
    ['ran out of memory', ended(oomKilled), 'out-of-memory', 'the pod was killed for using more than its memory'],
    [
      'failed, with its last words',
      ended({ exitCode: 1, message: 'spillway supervisor: no dispatcher for 60 s\n' }),
      'worker-lost',
      'the pod ended with exit code 1: spillway supervisor: no dispatcher for 60 s',
    ],
    [
      'was evicted',
      ended({ exitCode: 0 }, { conditions: [disrupted] }),
      'evicted',
      'the pod was evicted: Eviction API: evicting',
    ],
    [
      'was evicted because its node was short of memory',
      ended({ exitCode: 137 }, { reason: 'Evicted', message: 'The node was low on resource: memory. ' }),
      'evicted',
      'the pod was evicted: Evicted: The node was low on resource: memory.',
    ],
    [
      'was evicted because it filled its disk',
      ended(
        { exitCode: 137 },
        { reason: 'Evicted', message: 'Usage of EmptyDir volume "scratch" exceeds the limit "512Mi". ' },
      ),
      'no-space',
      'the pod was evicted: Usage of EmptyDir volume "scratch" exceeds the limit "512Mi".',
    ],
    [
      'was evicted because all of it filled the disk',
      ended(
        { exitCode: 137 },
        {
          reason: 'Evicted',
          message: 'Pod ephemeral local storage usage exceeds the total limit of containers 576Mi. ',
          conditions: [{ ...disrupted, message: 'the same' }],
        },
      ),
      'no-space',
      'the pod was evicted: Pod ephemeral local storage usage exceeds the total limit of containers 576Mi.',
    ],
    [
      'was evicted because its container filled the disk',
      ended(
        { exitCode: 137 },
        { reason: 'Evicted', message: 'Container worker exceeded its local ephemeral storage limit "576Mi". ' },
      ),
      'no-space',
      'the pod was evicted: Container worker exceeded its local ephemeral storage limit "576Mi".',
    ],
    [
      'was deleted',
      ended({ exitCode: 143 }, {}, { deletionTimestamp: '2026-08-01T00:00:00Z' }),
      'evicted',
      'somebody deleted the pod',
    ],
    [
      'was on a node that was shut down',
      ended(
        { exitCode: 143 },
        { reason: 'Terminated', message: 'Pod was terminated in response to imminent node shutdown.' },
      ),
      'evicted',
      'the pod was evicted: Terminated: Pod was terminated in response to imminent node shutdown.',
    ],
  ] as const)
    it(what, () => {
      assert.deepEqual([end.cause, end.why], [cause, why])
      assert.equal(end.isImageFault, false)
    })

  it('could not be started at all', () => {
    const message = 'failed to create containerd task: exec: "/opt/spillway/lib/ld": no such file or directory'
    const end = ended({ exitCode: 128, reason: 'StartError', message })
    assert.deepEqual(
      [end.cause, end.isImageFault, end.why],
      ['image', true, `the container could not be started: ${message}`],
    )
  })

  it('could not copy its kit', () => {
    const terminated = { exitCode: 1, message: 'ENOSPC: no space left on device' }
    const found = facts({ phase: 'Failed', initContainerStatuses: [{ name: 'kit', state: { terminated } }] })
    assert.equal(
      found.phase === 'ended' && found.end.why,
      'the runtime kit could not be copied: ENOSPC: no space left on device',
    )
  })

  it('says something of any status, and never throws', () => {
    const word = fc.option(fc.string(), { nil: undefined })
    const state = fc.record(
      {
        waiting: fc.record({ reason: word, message: word }),
        running: fc.record({ startedAt: word }),
        terminated: fc.record({ exitCode: fc.integer(), reason: word, message: word }),
      },
      { requiredKeys: [] },
    )
    const containers = fc.array(fc.record({ name: fc.constantFrom('worker', 'kit', 'x'), state }), { maxLength: 3 })
    const conditions = fc.array(
      fc.record({ type: fc.constantFrom('PodScheduled', 'DisruptionTarget'), status: word, message: word }),
      { maxLength: 3 },
    )
    const status = fc.record(
      {
        phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'),
        reason: word,
        message: word,
        conditions,
        containerStatuses: containers,
        initContainerStatuses: containers,
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(status, fc.boolean(), (any, isDeleted) => {
        const found = facts(any as PodStatus, isDeleted ? { deletionTimestamp: 'now' } : {})
        assert.ok(['unscheduled', 'starting', 'running', 'ended'].includes(found.phase))
        if (found.phase === 'ended') assert.ok(found.end.why.length > 0 && found.end.why.length < 1000)
      }),
    )
  })
})
