import assert from 'node:assert/strict'
import { WorkerBook } from '../../../dispatcher/workers/worker-book.js'

const claims = (worker: string) => ({
  function: 'f',
  release: 1,
  backend: 'kubernetes' as const,
  worker,
  sharesDisk: false,
  expiresAt: 1,
})

describe('worker book', () => {
  it('lets a worker start once, and again only with the nonce of that start', () => {
    const book = new WorkerBook()
    book.admit(claims('w'))
    assert.deepEqual(
      ['a', 'a', 'b'].map((nonce) => book.start('w', nonce)),
      ['started', 'started', 'spent'],
    )
  })

  it('does not let a worker start that has asked for work', () => {
    const book = new WorkerBook()
    book.admit(claims('w'))
    assert.equal(book.wants('w'), true)
    assert.equal(book.start('w', 'a'), 'spent')
  })

  it('knows nobody who was not admitted, or was forgotten', () => {
    const book = new WorkerBook()
    book.admit(claims('w'))
    book.forget('w')
    assert.deepEqual([book.wants('w'), book.start('w', 'a'), book.start('x', 'a')], [false, 'unknown', 'unknown'])
  })

  it('makes unknown workers ask again while those of an earlier life are looked for', () => {
    const book = new WorkerBook()
    book.admit(claims('w'))
    const [one, other] = [book.adopting(), book.adopting()]
    const asksAgain = () => {
      assert.throws(() => book.wants('x'), { code: 'backend-unavailable' })
      assert.throws(() => book.start('x', 'a'), { code: 'backend-unavailable' })
      assert.equal(book.wants('w'), true)
    }
    asksAgain()
    one()
    one()
    asksAgain()
    other()
    assert.equal(book.wants('x'), false)
  })
})
