/** Jobs that are to go, and what is said of those that stay. */
import assert from 'node:assert/strict'
import { Removals } from '../../../../../dispatcher/backends/kubernetes/fleet/removals.js'

describe('kubernetes: removals', () => {
  it('refuse a Job without a name: that would be all of them', () => {
    const deleted: string[] = []
    const deleteJob = (name: string) => Promise.resolve(void deleted.push(name))
    const removals = new Removals({ cluster: { deleteJob }, host: { log: () => undefined }, now: () => 0 })
    assert.throws(() => removals.begin(''), /has no name/)
    removals.goOn()
    assert.deepEqual([deleted, removals.messages()], [[], []])
  })
})
