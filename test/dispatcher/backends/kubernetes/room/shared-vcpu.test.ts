import assert from 'node:assert/strict'
import type { Demand } from '../../../../../dispatcher/backends/backend.js'
import { sharedVcpu } from '../../../../../dispatcher/backends/kubernetes/room/shared-vcpu.js'
import { releaseOf } from '../spec.js'

const demand = (cpu: number, queued: number): Demand => ({
  release: releaseOf({ cpu, memorySize: 1024 }, `f${cpu}`),
  queued,
  running: 0,
  concurrency: Infinity,
  idle: [],
})
const ROOM = { all: 48, largestFree: 8 }
const all = (facts: { most: number; slots: number; placed?: number[]; demands?: Demand[] }) =>
  sharedVcpu({ room: ROOM, placed: [], demands: [demand(1, 3), demand(5, 1)], ...facts }).all

describe('kubernetes: the vCPU that workers share', () => {
  it('are those of the nodes where they are what is scarce', () => assert.equal(all({ most: 30, slots: 30 }), 48))

  it('are as many as workers take, in the proportions of the work, where something else is scarce', () => {
    assert.equal(all({ most: 10, slots: 10 }), 20)
    assert.equal(all({ most: 10, slots: 10, demands: [demand(1, 0), demand(5, 0)] }), 30)
  })

  it('are what the function takes on the cluster, where it has another number there', () => {
    const own = { ...demand(1, 3), release: releaseOf({ cpu: 1, memorySize: 1024, kubernetes: { cpu: 4 } }) }
    assert.equal(all({ most: 10, slots: 10, demands: [own] }), 40)
  })

  it('are as many as those take that have found a place, where the cluster holds no more', () =>
    assert.equal(all({ most: 30, slots: 6, placed: [8, 8, 8, 8, 4, 4] }), 40))

  it('are none where there is no room, and those of the nodes while there is nothing to run', () => {
    assert.equal(all({ most: 0, slots: 0 }), 0)
    assert.equal(all({ most: 10, slots: 10, demands: [] }), 48)
  })
})
