import assert from 'node:assert/strict'
import { Changes } from '../../dispatcher/changes.js'

const never = new AbortController().signal
const long = { milliseconds: 10_000, signal: never }

describe('changes', () => {
  it('does not miss a change between entering and waiting', async () => {
    const changes = new Changes()
    const waiter = changes.enter('a')
    changes.notify('a')
    await waiter.wait(long)
    waiter.leave()
  })

  it('wakes as many as asked, longest waiting first', async () => {
    const changes = new Changes()
    const woken: number[] = []
    const waits = [1, 2, 3].map(async (number) => {
      const waiter = changes.enter('a')
      await waiter.wait(long)
      woken.push(number)
      waiter.leave()
    })
    changes.notify('a', 2)
    await Promise.all(waits.slice(0, 2))
    assert.deepEqual(woken, [1, 2])
    changes.notify('a')
    await waits[2]
  })

  it('passes a wake on that its waiter had no use for', async () => {
    const changes = new Changes()
    const first = changes.enter('a')
    const second = changes.enter('a')
    changes.notify('a', 1)
    first.leave(false)
    await second.wait(long)
    second.leave()
  })

  it('ends a wait by time and by signal', async () => {
    const changes = new Changes()
    const waiter = changes.enter('a')
    await waiter.wait({ milliseconds: 1, signal: never })
    const abort = new AbortController()
    const wait = waiter.wait({ milliseconds: 10_000, signal: abort.signal })
    abort.abort()
    await wait
    waiter.leave()
  })

  it('tells others of those that are wanted and not here', () => {
    const told: [string, number][] = []
    const changes = new Changes((topic, count) => told.push([topic, count]))
    changes.enter('a')
    changes.enter('a')
    changes.notify('a', 1)
    changes.notify('a', 3)
    changes.notify('b')
    changes.wake('b')
    assert.deepEqual(told, [
      ['a', 2],
      ['b', Number.POSITIVE_INFINITY],
    ])
  })

  it('makes everybody look again', async () => {
    const changes = new Changes()
    const [one, other] = [changes.enter('a'), changes.enter('b')]
    changes.wakeAll()
    const { signal } = new AbortController()
    await Promise.all([one, other].map((waiter) => waiter.wait({ milliseconds: 60_000, signal })))
  })
})
