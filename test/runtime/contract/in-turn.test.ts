import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { inTurn } from '../../../runtime/contract/in-turn.js'

describe('in turn', () => {
  it('works on so many at once, and never on more', async () => {
    const done: number[] = []
    let [now, most] = [0, 0]
    await inTurn([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      most = Math.max(most, ++now)
      await turn()
      now--
      done.push(item)
    })
    assert.deepEqual([most, done.toSorted()], [3, [1, 2, 3, 4, 5, 6, 7]])
  })

  it('takes less than it could work on', async () => {
    const done: number[] = []
    await inTurn([1, 2], 8, async (item) => void done.push(item))
    await inTurn([], 8, async () => assert.fail())
    assert.deepEqual(done, [1, 2])
  })

  it('throws the first fault in time, begins nothing after it, and leaves nothing under way', async () => {
    const log: string[] = []
    const work = async (item: string) => {
      log.push(`${item} begins`)
      for (let turns = item === 'slow' ? 3 : 1; turns > 0; turns--) await turn()
      log.push(`${item} ends`)
      if (item !== 'fine') throw new Error(item)
    }
    await assert.rejects(inTurn(['slow', 'fine', 'bad', 'never'], 3, work), { message: 'bad' })
    assert.deepEqual(log.slice(0, 3), ['slow begins', 'fine begins', 'bad begins'])
    assert.equal(log.at(-1), 'slow ends')
  })
})
