import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Quantities } from '../../../../../dispatcher/backends/kubernetes/cluster/objects.js'
import { effectiveRequest } from '../../../../../dispatcher/backends/kubernetes/room/effective-request.js'
import { containerOf } from '../../../../support/kubernetes-objects.js'

const cpu = (amount: string): Quantities => ({ cpu: amount })

describe('kubernetes: what a pod takes of its node', () => {
  it('is what its containers ask for together, and one of the places for pods', () =>
    assert.deepEqual(
      effectiveRequest({ containers: [containerOf({ cpu: '500m', memory: '1Gi' }), containerOf({ cpu: '1' })] }),
      { cpu: 1.5, memory: 2 ** 30, pods: 1 },
    ))

  it('is what an init container asks for, where that is more', () => {
    const containers = [containerOf(cpu('1'))]
    assert.equal(effectiveRequest({ containers, initContainers: [containerOf(cpu('3'))] }).cpu, 3)
    assert.equal(
      effectiveRequest({ containers, initContainers: [containerOf(cpu('500m')), containerOf(cpu('800m'))] }).cpu,
      1,
    )
  })

  it('counts a sidecar with the containers, and with the init containers that come after it', () => {
    const sidecar = containerOf(cpu('2'), 'Always')
    const containers = [containerOf(cpu('1'))]
    assert.equal(effectiveRequest({ containers, initContainers: [sidecar] }).cpu, 3)
    assert.equal(effectiveRequest({ containers, initContainers: [sidecar, containerOf(cpu('4'))] }).cpu, 6)
    assert.equal(effectiveRequest({ containers, initContainers: [containerOf(cpu('4')), sidecar] }).cpu, 4)
  })

  it('is what the pod as a whole asks for, where it does, and the overhead of its runtime class on top', () =>
    assert.deepEqual(
      effectiveRequest({
        containers: [containerOf({ cpu: '3', memory: '1Gi', 'nvidia.com/gpu': '1' })],
        resources: { requests: cpu('2') },
        overhead: { cpu: '250m', memory: '64Mi' },
      }),
      { cpu: 2.25, memory: 2 ** 30 + 2 ** 26, 'nvidia.com/gpu': 1, pods: 1 },
    ))

  it('is one of the places for pods where nothing is asked for, or nothing that can be read', () => {
    assert.deepEqual(effectiveRequest({}), { pods: 1 })
    assert.deepEqual(effectiveRequest({ containers: [{}, containerOf(cpu('much'))] }), { pods: 1 })
  })

  const millis = fc.integer({ min: 0, max: 4000 })
  const container = fc.tuple(millis, fc.option(fc.constant('Always'), { nil: undefined }))

  it('is enough for every moment of the life of a pod, and no more than for the busiest', () =>
    fc.assert(
      fc.property(fc.array(container, { maxLength: 5 }), fc.array(millis, { maxLength: 4 }), (inits, mains) => {
        let sidecars = 0
        const moments = inits.map(([amount, always]) => {
          if (always) sidecars += amount
          return always ? sidecars : sidecars + amount
        })
        moments.push(sidecars + mains.reduce((sum, amount) => sum + amount, 0))
        const spec = {
          initContainers: inits.map(([amount, always]) => containerOf(cpu(`${amount}m`), always)),
          containers: mains.map((amount) => containerOf(cpu(`${amount}m`))),
        }
        assert.ok(Math.abs((effectiveRequest(spec).cpu ?? 0) - Math.max(...moments) / 1000) < 1e-9)
      }),
    ))
})
