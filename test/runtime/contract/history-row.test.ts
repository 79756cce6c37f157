import assert from 'node:assert/strict'
import {
  HISTORY_COLUMNS,
  historyCsvHeader,
  historyCsvLine,
  type HistoryRow,
} from '../../../runtime/contract/history-row.js'

const row: HistoryRow = {
  id: '0192',
  function: 'plants-dev-classify',
  state: 'succeeded',
  accepted: '2026-08-01T10:00:00.000Z',
  started: '2026-08-01T10:00:01.000Z',
  ended: '2026-08-01T10:01:01.000Z',
  backend: 'lambda',
  attempts: 1,
  inputBytes: 5120,
  cpu: 0.6,
  memorySize: 1024,
  timeout: 300,
  cost: 0.00101,
}

describe('rows of the history', () => {
  it('have the columns of their header, in its order', () => {
    assert.equal(historyCsvHeader(), HISTORY_COLUMNS.join(','))
    assert.equal(
      historyCsvLine(row),
      '0192,plants-dev-classify,succeeded,2026-08-01T10:00:00.000Z,2026-08-01T10:00:01.000Z,2026-08-01T10:01:01.000Z,lambda,1,5120,0.6,1024,300,0.00101',
    )
  })

  it('have an empty cell for what never was, and quotes around what needs them', () => {
    const cells = historyCsvLine({ ...row, function: 'a,"b"', started: null, backend: null })
    assert.match(cells, /^0192,"a,""b""",succeeded,2026-08-01T10:00:00.000Z,,/)
  })
})
