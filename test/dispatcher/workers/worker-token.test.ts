import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  readStartToken,
  readWorkerToken,
  signStartToken,
  signWorkerToken,
} from '../../../dispatcher/workers/worker-token.js'

const secret = Buffer.from('a secret of this test')
const claims = { function: 'f', release: 1, backend: 'local' as const, worker: 'w', sharesDisk: true, expiresAt: 1000 }

describe('worker-token', () => {
  it('gives back what it was made of', () =>
    assert.deepEqual(readWorkerToken(signWorkerToken(claims, secret), secret, 999), claims))

  it('runs out', () =>
    assert.throws(() => readWorkerToken(signWorkerToken(claims, secret), secret, 1000), { code: 'token-invalid' }))

  it('is worth nothing under another secret', () =>
    assert.throws(() => readWorkerToken(signWorkerToken(claims, Buffer.from('other')), secret, 0), {
      code: 'token-invalid',
    }))

  it('of one kind does not pass for the other, whatever it is made to look like', () => {
    const start = signStartToken(claims, secret)
    const worker = signWorkerToken(claims, secret)
    assert.deepEqual(readStartToken(start, secret, 999), claims)
    for (const token of [start, start.replace(/^sps1/, 'spw1')])
      assert.throws(() => readWorkerToken(token, secret, 0), { code: 'token-invalid' })
    for (const token of [worker, worker.replace(/^spw1/, 'sps1')])
      assert.throws(() => readStartToken(token, secret, 0), { code: 'token-invalid' })
  })

  it('refuses every text that is not exactly a token', () => {
    const token = signWorkerToken(claims, secret)
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc
            .nat(token.length - 1)
            .map((at) => token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)),
        ),
        (text) => {
          assert.throws(() => readWorkerToken(text, secret, 0), { code: 'token-invalid' })
        },
      ),
    )
  })
})
