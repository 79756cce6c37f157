import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checkBucket, keyProblem } from '../../../../dispatcher/storage/s3/key.js'
import { readTicket, ticketOf } from '../../../../dispatcher/storage/s3/ticket.js'

describe('S3 storage: names', () => {
  it('that no request can carry are refused, with the reason', () => {
    for (const [key, problem] of [
      ['', /empty/],
      ['/a', /slash/],
      ['a\0b', /NUL/],
      ['a\ud800', /Unicode/],
      ['a/../b', /URLs cannot carry/],
      ['.', /URLs cannot carry/],
      ['é'.repeat(513), /1026 bytes/],
    ] as const)
      assert.match(keyProblem(key) ?? '', problem, JSON.stringify(key))
    for (const key of ['a', 'a//b', 'a/', '...', '.hidden', 'a b+%?#', 'é'.repeat(512)])
      assert.equal(keyProblem(key), undefined)
  })

  it('come out of a URL as they went in, or are refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (key) => {
        if (keyProblem(key)) return
        const url = new URL(`http://store/bucket/${key.split('/').map(encodeURIComponent).join('/')}`)
        assert.equal(url.pathname.split('/').map(decodeURIComponent).join('/'), `/bucket/${key}`)
      }),
      { numRuns: 500 },
    )
  })

  it('of buckets lead nowhere else', () => {
    for (const bucket of ['bucket', 'my.bucket-1', 'Old_Bucket']) checkBucket('lake', bucket)
    for (const bucket of ['', 'a', 'a/b', '..', 'a..b', '-a', 'a?b', 'a b', 'a:b', 'a@b', 'x'.repeat(300)])
      assert.throws(() => checkBucket('lake', bucket), { code: 'invalid-key' }, bucket)
  })
})

describe('S3 storage: tickets', () => {
  it('are read back, and nothing else is', () => {
    const ticket = { attempt: 'a.1', upload: 'u', bucket: 'b', key: 'k', parts: 3 }
    assert.deepEqual(readTicket('lake', ticketOf(ticket)), ticket)
    for (const lie of [{ parts: 0 }, { parts: 1.5 }, { parts: '1' }, { key: '' }, { upload: 7 }, { bucket: null }])
      assert.throws(() => readTicket('lake', JSON.stringify({ ...ticket, ...lie })), { code: 'output-refused' })
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) =>
        assert.throws(() => readTicket('lake', text), { code: 'output-refused' }),
      ),
    )
  })
})
