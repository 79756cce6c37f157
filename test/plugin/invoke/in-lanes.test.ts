/** Several pieces of work at once, for `serverless invoke`. */
import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { inLanes } from '../../../plugin/invoke/in-lanes.js'

describe('work in lanes', () => {
  it('gives every result as it is there, and does no more at once than it may', async () => {
    let running = 0
    let most = 0
    const results: number[] = []
    const work = async (item: number) => {
      most = Math.max(most, ++running)
      await turn()
      running--
      return item * 2
    }
    for await (const result of inLanes([1, 2, 3, 4, 5], 2, work)) results.push(result)
    assert.deepEqual([results.toSorted((a, b) => a - b), most], [[2, 4, 6, 8, 10], 2])
  })

  it('passes a fault on to who takes the results, also one that comes while they are busy', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown) => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    const seen: number[] = []
    const take = async () => {
      for await (const result of inLanes([1, 2], 1, async (item) => (item === 1 ? item : assert.fail('broken')))) {
        seen.push(result)
        for (let turns = 0; turns < 5; turns++) await turn()
      }
    }
    try {
      await assert.rejects(take(), /broken/)
      assert.deepEqual([seen, unhandled], [[1], []])
    } finally {
      process.off('unhandledRejection', note)
    }
  })
})
