/** What `npm run bench` tells people, and programs. */
import assert from 'node:assert/strict'
import { figure, type Bench } from '../bench/figure.js'
import { complaint, runBenches } from '../bench/run-benches.js'

const MET = figure({ name: 'accepts', value: 9, unit: 'per s' }, { atLeast: 5 })
const MISSED = figure({ name: 'latency', value: 30, unit: 'ms', yardstick: 10 }, { ratioAtMost: 2 })
const BENCHES: Bench[] = [
  { name: 'one', about: 'the first', run: async () => [MET, MISSED] },
  { name: 'two', about: 'skipped', run: async () => [] },
]

describe('the benchmarks', () => {
  it('print every figure and name those that miss their bars, for which the command fails', async () => {
    let printed = ''
    const missed = await runBenches({ benches: BENCHES, json: false, write: (text) => (printed += text) })
    assert.deepEqual(missed, [MISSED])
    assert.match(printed, /one: the first\n {2}✔ accepts .*\n {2}✘ latency .*\n\ntwo: skipped\n$/)
    assert.equal(complaint(missed), '1 missed: latency (3, ratio at most 2)\n')
  })

  it('print one object a line for programs, and nothing else', async () => {
    const lines: string[] = []
    await runBenches({ benches: BENCHES, json: true, write: (text) => lines.push(text) })
    assert.deepEqual(
      lines.map((text): unknown => JSON.parse(text)),
      [MET, MISSED],
    )
  })
})
