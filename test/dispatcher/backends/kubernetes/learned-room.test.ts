/** How much room is believed in after a worker was refused, minute by minute. */
import assert from 'node:assert/strict'
import { LearnedRoom } from '../../../../dispatcher/backends/kubernetes/learned-room.js'

const MINUTE = 60_000

describe('kubernetes: room that is learned', () => {
  let now: number
  let room: LearnedRoom
  const after = (minutes: number, held: number) => {
    now += minutes * MINUTE
    room.hold(held)
    return room.slots
  }
  beforeEach(() => {
    now = 0
    room = new LearnedRoom(() => now, MINUTE)
  })

  it('is without bounds until a worker was refused', () => {
    assert.deepEqual([after(1, 5), after(10, 7)], [Infinity, Infinity])
    room.refuse(3)
    assert.equal(room.slots, 3)
    assert.equal(after(1, 3), 4)
  })

  it('grows by one worker a minute while nobody tries it, and not before', () => {
    room.refuse(3)
    assert.deepEqual([after(0.9, 3), after(0.1, 3), after(0.9, 0), after(0.1, 0)], [3, 4, 4, 5])
  })

  it('grows at once, and by twice as much, when the one that was tried finds a place', () => {
    room.refuse(3)
    assert.deepEqual([after(1, 3), after(0, 4), after(0, 6), after(0, 10)], [4, 6, 10, 18])
  })

  it('is tried less and less often in vain, up to every four minutes, and as before when that has helped', () => {
    const pause = () => {
      room.refuse(3)
      const from = now
      while (room.slots === 3) after(0.5, 3)
      return (now - from) / MINUTE
    }
    assert.deepEqual([pause(), pause(), pause(), pause(), pause()], [1, 2, 4, 4, 4])
    assert.equal(after(0, 4), 6)
    assert.deepEqual([pause(), pause()], [2, 4])
  })

  it('counts the time from the last refusal', () => {
    room.refuse(3)
    now += 0.9 * MINUTE
    room.refuse(2)
    assert.deepEqual([after(0.9, 2), after(0.1, 2)], [2, 3])
  })
})
