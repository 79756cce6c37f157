import assert from 'node:assert/strict'
import fc from 'fast-check'
import { formatBytes, formatSeconds, formatUsd, parseMegabytes, parseSeconds } from '../../../runtime/contract/units.js'

describe('units', () => {
  const durations: [unknown, number | undefined][] = [
    [300, 300],
    ['300', 300],
    ['90s', 90],
    ['20m', 1200],
    ['1h', 3600],
    ['1.5h', 5400],
    ['500ms', 0.5],
    ['2d', 172_800],
    ['0.3s', 0.3],
    ['20x', undefined],
    ['m', undefined],
    ['', undefined],
    ['-5s', undefined],
    ['1e3', undefined],
    ['1h30m', undefined],
    [Number.NaN, undefined],
    [true, undefined],
    [['20m'], undefined],
  ]
  for (const [given, expected] of durations)
    it(`reads the duration ${JSON.stringify(given)} as ${expected}`, () => assert.equal(parseSeconds(given), expected))

  const sizes: [unknown, number | undefined][] = [
    [1024, 1024],
    ['512Mi', 512],
    ['2Gi', 2048],
    ['1.5Gi', 1536],
    ['2G', undefined],
    ['2gi', undefined],
  ]
  for (const [given, expected] of sizes)
    it(`reads the size ${JSON.stringify(given)} as ${expected}`, () => assert.equal(parseMegabytes(given), expected))

  it('reads every number with every unit back to the same amount', () => {
    const units = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 }
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(...Object.entries(units)), (n, [unit, factor]) => {
        assert.ok(Math.abs(parseSeconds(`${n}${unit}`)! - n * factor) <= 1e-6 * Math.max(1, n * factor))
      }),
    )
  })

  it('never throws and never gives NaN or a negative number for any text', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const parse of [parseSeconds, parseMegabytes]) {
          const parsed = parse(value)
          assert.ok(parsed === undefined || Number.isFinite(parsed))
          if (typeof value === 'string') assert.ok(parsed === undefined || parsed >= 0)
        }
      }),
    )
  })

  it('writes times and sizes as people do', () => {
    assert.equal(formatSeconds(0.4), '0.4 s')
    assert.equal(formatSeconds(250), '4 min 10 s')
    assert.equal(formatSeconds(7500), '2 h 5 min')
    assert.equal(formatBytes(17), '17 B')
    assert.equal(formatBytes(5_120), '5.1 kB')
    assert.equal(formatBytes(999_999), '1 MB')
    assert.equal(formatBytes(11_200_000_000), '11.2 GB')
  })

  it('writes sums of money with the digits that count', () => {
    assert.deepEqual([0, 2e-7, 0.00416, 0.5, 1, 12.3456, 100].map(formatUsd), [
      '0 USD',
      '0.0000002 USD',
      '0.0042 USD',
      '0.5 USD',
      '1 USD',
      '12.35 USD',
      '100 USD',
    ])
  })

  it('writes every sum, however small, and one that is next to nothing as nothing', () => {
    assert.equal(formatUsd(Number.MIN_VALUE), '0 USD')
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (usd) => formatUsd(usd).endsWith(' USD')),
    )
  })
})
