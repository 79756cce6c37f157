import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Demand } from '../../../../../dispatcher/backends/backend.js'
import type { Node, Pod } from '../../../../../dispatcher/backends/kubernetes/cluster/objects.js'
import { Room } from '../../../../../dispatcher/backends/kubernetes/room/room.js'
import { takenBy } from '../../../../../dispatcher/backends/kubernetes/room/taken.js'
import { nodeOf, otherPod } from '../../../../support/kubernetes-objects.js'
import { releaseOf, specOf } from '../spec.js'

const LARGE = { cpu: '4', memory: '16Gi', 'ephemeral-storage': '100Gi', pods: '110' }
const ONE = { cpu: 1, memorySize: 1024 }
const MOST = 1000

const room = (nodes: Node[], others: Pod[] = [], kitIsCopied = false) =>
  new Room({ nodes, taken: takenBy(others), kitIsCopied })
const demandOf = (raw: Record<string, unknown>, queued = 1, name = 'f'): Demand => ({
  release: releaseOf(raw, name),
  queued,
  running: 0,
  concurrency: Infinity,
  idle: [],
})
const slots = (nodes: Node[], others: Pod[], raw: Record<string, unknown> = ONE) =>
  room(nodes, others).slotsFor(specOf(raw))

describe('kubernetes: room for workers', () => {
  it('is what the nodes have, each for itself', () => {
    assert.equal(slots([nodeOf('a', LARGE), nodeOf('b', { ...LARGE, cpu: '2500m' })], []), 6)
    assert.equal(slots([nodeOf('a', { ...LARGE, memory: '2500Mi' })], []), 2)
    assert.equal(slots([], []), 0)
  })

  it('is less what others ask for, on the node that has them', () => {
    const nodes = [nodeOf('a', LARGE), nodeOf('b', LARGE)]
    assert.equal(slots(nodes, [otherPod('a', { cpu: '1500m' })]), 6)
    assert.equal(slots(nodes, [otherPod('a', { memory: '15Gi' }), otherPod('b', { cpu: '4' })]), 1)
    assert.equal(slots(nodes, [otherPod('elsewhere', { cpu: '4' })]), 8)
  })

  it('is shared by all functions, in vCPU: all of it, and the most that busy workers leave on one node', () => {
    const nodes = [
      nodeOf('a', LARGE),
      nodeOf('b', { ...LARGE, cpu: '2500m' }),
      nodeOf('c', LARGE, { unschedulable: true }),
    ]
    const others = [otherPod('a', { cpu: '500m' })]
    assert.deepEqual(room(nodes, others).vcpu([]), { all: 6, largestFree: 3.5 })
    const busy = [
      { node: 'a', cpu: 3 },
      { node: 'b', cpu: 1 },
    ]
    assert.deepEqual(room(nodes, others).vcpu(busy), { all: 6, largestFree: 1.5 })
    const { cpu: _, ...silent } = LARGE
    assert.equal(room([nodeOf('a', silent)]).vcpu([]), undefined)
  })

  it('is none, and not less, on a node where more was promised than there is', () =>
    assert.equal(slots([nodeOf('a', LARGE), nodeOf('b', LARGE)], [otherPod('a', { cpu: '6' })]), 4))

  it('is not taken by pods that have ended, or that wait for a node', () => {
    const waiting = otherPod('', { cpu: '4' })
    const ended = ['Succeeded', 'Failed'].map((phase) => otherPod('a', { cpu: '4' }, { phase }))
    assert.equal(slots([nodeOf('a', LARGE)], [waiting, ...ended, otherPod('a', { cpu: '1' }, { phase: 'Pending' })]), 3)
  })

  it('is only on nodes that take the worker', () => {
    const nodes = [
      nodeOf('cordoned', LARGE, { unschedulable: true }),
      nodeOf('away', LARGE, { ready: 'Unknown' }),
      nodeOf('tainted', LARGE, { taints: [{ key: 'own', effect: 'NoSchedule' }] }),
      nodeOf('arm', LARGE, { labels: { 'kubernetes.io/arch': 'arm64' } }),
      nodeOf('ssd', LARGE, { labels: { disk: 'ssd' } }),
      nodeOf('plain', LARGE),
    ]
    const tolerations = [{ key: 'own', operator: 'Exists' }]
    assert.equal(slots(nodes, []), 8)
    assert.equal(slots(nodes, [], { ...ONE, architecture: 'arm64' }), 4)
    assert.equal(slots(nodes, [], { ...ONE, kubernetes: { nodeSelector: { disk: 'ssd' } } }), 4)
    assert.equal(slots(nodes, [], { ...ONE, kubernetes: { tolerations } }), 12)
  })

  it('ends with the GPUs, which a node that says nothing of them does not have', () => {
    const nodes = [nodeOf('a', { ...LARGE, 'nvidia.com/gpu': '3' }), nodeOf('b', LARGE)]
    const other = otherPod('a', { cpu: '100m', 'nvidia.com/gpu': '1' })
    assert.equal(slots(nodes, [], { ...ONE, gpu: 1 }), 3)
    assert.equal(slots(nodes, [other], { ...ONE, gpu: 1 }), 2)
    assert.equal(slots(nodes, [other], { ...ONE, gpu: 2 }), 1)
    assert.equal(slots(nodes, [], { ...ONE, gpu: { count: 1, resource: 'amd.com/gpu' } }), 0)
  })

  it('ends with the number of pods that a node takes, those that ask for nothing included', () => {
    const node = nodeOf('a', { ...LARGE, pods: '5' })
    assert.equal(slots([node], []), 4)
    assert.equal(slots([node], [otherPod('a', {}), otherPod('a', {}), otherPod('a', {})]), 2)
  })

  it('ends with the disk, on which a copied kit lies too', () => {
    const nodes = [nodeOf('a', { ...LARGE, 'ephemeral-storage': '1400Mi' })]
    assert.equal(slots(nodes, [], { ...ONE, ephemeralStorageSize: 600 }), 2)
    assert.equal(room(nodes, [], true).slotsFor(specOf({ ...ONE, ephemeralStorageSize: 600 })), 1)
  })

  it('counts tenths of CPUs exactly', () =>
    assert.equal(
      slots([nodeOf('a', LARGE)], [otherPod('a', { cpu: '100m' })], { ...ONE, cpu: 0.3, memorySize: 128 }),
      13,
    ))

  describe('for several functions', () => {
    const of = (nodes: Node[], demands: Demand[], most = MOST) => room(nodes).slots(demands, most)

    it('is shared in proportion to their work', () => {
      const large = demandOf({ cpu: 3, memorySize: 128 }, 1, 'large')
      // Of 16 vCPU: 4 large ones of 3 leave 4 small ones; beside one large one there is room for 13.
      assert.equal(of([nodeOf('a', { ...LARGE, cpu: '16' })], [large, demandOf(ONE, 1)]), 8)
      assert.equal(of([nodeOf('a', { ...LARGE, cpu: '16' })], [large, demandOf(ONE, 12)]), 14)
    })

    it('adds up where they have nodes of their own', () => {
      const nodes = [nodeOf('a', LARGE, { labels: { for: 'a' } }), nodeOf('b', LARGE, { labels: { for: 'b' } })]
      const on = (name: string, queued: number) =>
        demandOf({ ...ONE, kubernetes: { nodeSelector: { for: name } } }, queued, name)
      assert.equal(of(nodes, [on('a', 1), on('b', 50)]), 8)
    })

    it('leaves those few nodes that some need to them', () => {
      const nodes = [nodeOf('gpu', { ...LARGE, 'nvidia.com/gpu': '4' }), nodeOf('plain', LARGE)]
      assert.equal(of(nodes, [demandOf({ ...ONE, gpu: 1 }, 1, 'gpu'), demandOf(ONE, 1)]), 8)
    })

    it('is that of all of them where none has work, and without any as much as is wanted', () => {
      const idle = (name: string, raw: Record<string, unknown>) => demandOf(raw, 0, name)
      assert.equal(of([nodeOf('a', LARGE)], [idle('a', ONE), idle('b', { ...ONE, cpu: 3 })]), 2)
      assert.equal(of([nodeOf('a', LARGE)], [], 7), 7)
    })

    it('is no more than is wanted', () => assert.equal(of([nodeOf('a', LARGE)], [demandOf(ONE)], 3), 3))

    it('passes over what fits nowhere', () =>
      assert.equal(of([nodeOf('a', LARGE)], [demandOf({ ...ONE, cpu: 5 }, 9, 'large'), demandOf(ONE)]), 4))
  })

  describe('whatever the cluster', () => {
    const quantity = (max: number, unit: string) => fc.integer({ min: 0, max }).map((amount) => `${amount}${unit}`)
    const requests = fc.record({ cpu: quantity(4000, 'm'), memory: quantity(8192, 'Mi') })
    const nodes = fc
      .array(fc.record({ cpu: quantity(8000, 'm'), memory: quantity(16384, 'Mi'), pods: quantity(6, '') }), {
        maxLength: 4,
      })
      .map((all) => all.map((allocatable, index) => nodeOf(String(index), allocatable)))
    const others = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 4 }), requests), { maxLength: 6 })
      .map((all) => all.map(([node, amounts]) => otherPod(String(node), amounts)))
    const worker = fc.record({ cpu: fc.integer({ min: 1, max: 30 }), memorySize: fc.integer({ min: 128, max: 4096 }) })
    const specs = fc.array(worker, { minLength: 1, maxLength: 3 })
    const rawOf = ({ cpu, memorySize }: { cpu: number; memorySize: number }) => ({ cpu: cpu / 10, memorySize })

    it('nobody else makes it larger, and a node more never smaller', () =>
      fc.assert(
        fc.property(nodes, others, requests, worker, (there, pods, more, one) => {
          const raw = rawOf(one)
          const now = slots(there, pods, raw)
          assert.ok(slots(there, [...pods, otherPod('0', more)], raw) <= now)
          assert.ok(slots([...there, nodeOf('more', LARGE)], pods, raw) >= now)
          assert.ok(now >= 0)
        }),
      ))

    it('of one kind as many are packed as are counted, and of several no more than if all were as small as the smallest', () =>
      fc.assert(
        fc.property(nodes, others, specs, (there, pods, all) => {
          const demands = all.map((one, index) => demandOf(rawOf(one), index + 1, `f${index}`))
          const whole = room(there, pods)
          const alone = demands.map(({ release }) => whole.slotsFor(release.spec))
          for (const [index, demand] of demands.entries()) assert.equal(whole.slots([demand], MOST), alone[index])
          const smallest = rawOf({
            cpu: Math.min(...all.map(({ cpu }) => cpu)),
            memorySize: Math.min(...all.map(({ memorySize }) => memorySize)),
          })
          assert.ok(whole.slots(demands, MOST) <= whole.slotsFor(specOf(smallest)))
        }),
      ))
  })
})
