import assert from 'node:assert/strict'
import fc from 'fast-check'
import { cpuText, megabytesText, parseQuantity } from '../../../../dispatcher/backends/kubernetes/quantity.js'

describe('kubernetes quantities', () => {
  for (const [text, value] of [
    ['2', 2],
    ['1500m', 1.5],
    ['2Gi', 2 ** 31],
    ['128974848', 128974848],
    ['129e6', 129e6],
    ['129M', 129e6],
    ['123Mi', 123 * 2 ** 20],
    ['0.5', 0.5],
  ] as const)
    it(`reads ${text}`, () => assert.equal(parseQuantity(text), value))

  for (const text of ['', 'x', '1KB', '1 Gi', 'Gi', '1e', '--1']) {
    it(`does not read ${JSON.stringify(text)}`, () => assert.equal(parseQuantity(text), undefined))
  }

  it('reads what it writes', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e6 }), (megabytes, thousandths) => {
        assert.equal(parseQuantity(megabytesText(megabytes)), megabytes * 2 ** 20)
        assert.ok(Math.abs(parseQuantity(cpuText(thousandths / 1000))! - thousandths / 1000) < 1e-9)
      }),
    ))

  it('never throws', () => fc.assert(fc.property(fc.string(), (text) => void parseQuantity(text))))
})
