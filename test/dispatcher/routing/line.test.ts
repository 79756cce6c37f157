import assert from 'node:assert/strict'
import { expectedWait } from '../../../dispatcher/router/load/expected-wait.js'
import { Ledger } from '../../../dispatcher/router/load/ledger.js'
import type { Unit } from '../../../dispatcher/router/load/load.js'
import { Line } from '../../../dispatcher/routing/line.js'
import { crossroads, KUBERNETES, NOW } from '../../support/crossroads.js'

const PIECES = [
  { cpu: 1, seconds: 10 },
  { cpu: 4, seconds: 20 },
  { cpu: 4, seconds: 30 },
]

describe('the line that is decided about again', () => {
  for (const unit of ['attempt', 'vcpu'] as Unit[])
    it(`says of the next piece what the books say of one that arrives after the same others: ${unit}`, () => {
      const books = () => new Ledger([{ name: 'kubernetes', unit, capacity: 4 }])
      const [empty, full] = [books(), books()]
      const line = new Line()
      for (const [index, piece] of PIECES.entries()) {
        full.queued(`p${index}`, { ...piece, at: NOW })
        line.add(piece)
      }
      const situation = { ...crossroads({}), backends: [{ limits: KUBERNETES, load: empty.load('kubernetes', NOW)! }] }
      const [home] = line.before(situation).backends
      for (const cpu of [0.5, 1, 4])
        assert.deepEqual(expectedWait([home!.load!], cpu), expectedWait([full.load('kubernetes', NOW)!], cpu))
    })
})
