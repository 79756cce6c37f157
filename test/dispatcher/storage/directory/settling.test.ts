import assert from 'node:assert/strict'
import type { FileFacts } from '../../../../dispatcher/storage/directory/event.js'
import { Settling, type Pending } from '../../../../dispatcher/storage/directory/settling.js'

const SETTLE_MS = 1000
const START = 1_700_000_000_000

const facts = (size: number, mtimeMs: number): FileFacts => ({
  size: BigInt(size),
  mtimeNs: BigInt(mtimeMs) * 1_000_000n,
  ino: 1n,
})

describe('settling', () => {
  let settling: Settling
  const takeOne = (now: number): Pending => {
    const [pending] = settling.take(now, 10)
    assert.ok(pending, `nothing is due at ${now - START}`)
    return pending
  }
  beforeEach(() => (settling = new Settling(SETTLE_MS, 3)))

  it('lets a file settle once it has kept size and time for long enough', () => {
    settling.notice('a', START)
    assert.equal(settling.looked(takeOne(START), facts(1, START - 300), START), false)
    assert.equal(settling.nextLook(), START + 700)
    assert.deepEqual(settling.take(START + 699, 10), [])
    assert.equal(settling.looked(takeOne(START + 700), facts(1, START - 300), START + 700), true)
    assert.equal(settling.nextLook(), undefined)
  })

  it('starts anew when it sees a change, of size or of time alone', () => {
    settling.notice('a', START)
    settling.looked(takeOne(START), facts(1, START), START)
    const later = START + SETTLE_MS
    assert.equal(settling.looked(takeOne(later), facts(2, START), later), false)
    assert.equal(settling.nextLook(), later + SETTLE_MS)
    const last = later + SETTLE_MS
    assert.equal(settling.looked(takeOne(last), facts(2, START + 1), last), false)
    assert.equal(settling.nextLook(), last + SETTLE_MS)
  })

  it('takes a file that was moved in complete at once', () => {
    settling.notice('a', START)
    assert.equal(settling.looked(takeOne(START), facts(1, START - SETTLE_MS), START), true)
  })

  it('does not wait for a time that lies in the future', () => {
    settling.notice('a', START)
    const tomorrow = START + 86_400_000
    assert.equal(settling.looked(takeOne(START), facts(1, tomorrow), START), false)
    assert.equal(settling.looked(takeOne(START + SETTLE_MS), facts(1, tomorrow), START + SETTLE_MS), true)
  })

  it('notices anew what happens while a file is looked at', () => {
    settling.notice('a', START)
    const pending = takeOne(START)
    settling.notice('a', START + 1)
    assert.equal(settling.looked(pending, facts(1, START - SETTLE_MS), START + 1), true)
    assert.equal(takeOne(START + 1).key, 'a')
  })

  it('holds no more than it may, each file once', () => {
    for (const key of ['a', 'b', 'a', 'c']) assert.equal(settling.notice(key, START), true)
    assert.equal(settling.notice('d', START), false)
    assert.equal(settling.notice('a', START), true)
    assert.equal(settling.take(START, 2).length, 2)
    assert.equal(settling.size, 1)
  })
})
