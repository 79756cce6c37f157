import assert from 'node:assert/strict'
import fc from 'fast-check'
import { readJobs } from '../../../dispatcher/simulator/jobs/read-jobs.js'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { historyCsvHeader, historyCsvLine, type HistoryRow } from '../../../runtime/contract/history-row.js'

const read = (text: string) => readJobs(text, { name: 'jobs.csv', timeout: 300 })
const refusal = (text: string): string => {
  try {
    read(text)
  } catch (thrown) {
    assert.ok(thrown instanceof SpillwayError, String(thrown))
    return thrown.message
  }
  return assert.fail('it was read')
}

const row: HistoryRow = {
  id: '1',
  function: 'a,"b"',
  state: 'succeeded',
  accepted: '2026-08-01T10:00:00.000Z',
  started: '2026-08-01T10:00:01.000Z',
  ended: '2026-08-01T10:01:01.500Z',
  backend: 'lambda',
  attempts: 1,
  inputBytes: 5120,
  cpu: 0.6,
  memorySize: 2048,
  timeout: 600,
  cost: 0.001,
}

describe('a job list', () => {
  it('is read with units in the names of columns, in any order, whatever else stands there', () => {
    const { jobs, notUsed, hasUnits } = read('gpus,note,runtime_h,arrival_h\n2,x,0.5,1\n1,"y, z",1e-3,2\n')
    assert.deepEqual(
      jobs.map(({ id, arrival, seconds, spec }) => ({ id, arrival, seconds, cpu: spec.cpu })),
      [
        { id: 0, arrival: 0, seconds: 1800, cpu: 2 },
        { id: 1, arrival: 3600, seconds: 3.6, cpu: 1 },
      ],
    )
    assert.deepEqual(notUsed, ['note'])
    assert.ok(hasUnits)
  })

  it('is put in order of arrival, and equal arrivals keep theirs', () => {
    const { jobs } = read('arrival,runtime,function\n20,1,a\n10,1,b\n20,1,c\n')
    assert.deepEqual(
      jobs.map((job) => [job.function, job.arrival]),
      [
        ['b', 0],
        ['a', 10],
        ['c', 10],
      ],
    )
  })

  it('takes durations, sizes and times of day', () => {
    const [first, second] = read(
      'arrival,runtime,timeout,input_mb\n2026-08-01T10:00:00Z,90s,20m,600\n2026-08-01T10:00:05Z,500ms,,\n',
    ).jobs
    assert.equal(first!.seconds, 90)
    assert.equal(first!.spec.timeout, 1200)
    assert.equal(first!.inputBytes, 600e6)
    assert.ok(first!.spec.ephemeralStorageSize >= 600)
    assert.deepEqual([second!.arrival, second!.seconds, second!.spec.timeout], [5, 0.5, 300])
  })

  it('is what the history exports, as CSV and as JSON; what never ran is left out and counted', () => {
    const never = { ...row, state: 'cancelled' as const, started: null, backend: null }
    for (const text of [
      [historyCsvHeader(), historyCsvLine(row), historyCsvLine(never)].join('\n'),
      [row, never].map((value) => JSON.stringify(value)).join('\n'),
      JSON.stringify([row, never]),
    ]) {
      const { jobs, leftOut } = read(text)
      assert.equal(leftOut, 1)
      const [{ function: name, seconds, spec, inputBytes }] = jobs as [(typeof jobs)[number]]
      assert.deepEqual([name, seconds, inputBytes], ['a,"b"', 60.5, 5120])
      assert.deepEqual([spec.cpu, spec.memorySize, spec.timeout], [0.6, 2048, 600])
    }
  })

  it('tells line and column of everything that is wrong, with what came and what was expected', () => {
    const message = refusal('arrival,runtime,gpus\n1,2,3\n-1,soon,0\n5,6\n')
    assert.match(message, /^jobs\.csv cannot be read:/)
    assert.ok(message.includes('line 3, column 1 (arrival): must be a time'), message)
    assert.ok(message.includes('line 3, column 2 (runtime): must be seconds or a duration such as 90s, got "soon"'))
    assert.ok(message.includes('line 3, column 3 (gpus): must be a number over 0, got "0"'))
    assert.ok(message.includes('line 4: must have 3 cells as the first line has, got 2'))
  })

  it('counts lines as an editor does, also within quotes', () => {
    assert.match(refusal('arrival,runtime,note\r\n1,2,"a\r\nb"\r\n1,x,c\r\n'), /line 4, column 2 \(runtime\)/)
    assert.match(refusal('arrival,runtime\n1,"2"3\n'), /line 2, column 2: a quote that does not enclose the whole cell/)
  })

  it('says which columns are missing, and which mean the same', () => {
    assert.match(refusal('when,runtime\n1,2\n'), /no column for the arrival; name one arrival, arrival_h or accepted/)
    assert.match(refusal('arrival,started\n1,2\n'), /no column for the run time/)
    assert.match(refusal('arrival,runtime,cpu,gpus\n'), /columns cpu and gpus mean the same/)
    assert.match(refusal('arrival,runtime\n'), /it has no jobs/)
    assert.match(refusal(''), /no column for the arrival/)
    assert.match(refusal('[1]'), /element 1: must be an object, got 1/)
    assert.match(refusal('{"arrival":1,"runtime":2}\n{'), /line 2 is not JSON/)
    assert.match(
      refusal('arrival,started,ended\n1,3,2\n'),
      /column 3 \(ended\): must not be before it started, got "2"/,
    )
  })

  it('lists ten problems, not all', () => {
    const lines = refusal(`arrival,runtime\n${'x,1\n'.repeat(50)}`).split('\n')
    assert.equal(lines.length, 12)
    assert.match(lines.at(-1)!, /and more/)
  })

  it('is read or refused with words, whatever it holds', () => {
    const cell = fc.oneof(fc.double().map(String), fc.string(), fc.constantFrom('', '1', '2m', '"', '\n', 'null'))
    const name = fc.constantFrom('arrival', 'runtime_h', 'started', 'ended', 'gpus', 'input', 'timeout', 'x')
    const table = fc
      .tuple(fc.array(name, { maxLength: 5 }), fc.array(fc.array(cell, { maxLength: 5 }), { maxLength: 5 }))
      .map(([header, rows]) => [header, ...rows].map((cells) => cells.join(',')).join('\n'))
    fc.assert(
      fc.property(fc.oneof(table, fc.string(), fc.json()), (text) => {
        try {
          const { jobs } = read(text)
          for (const { arrival, seconds, spec, inputBytes } of jobs)
            assert.ok(arrival >= 0 && seconds >= 0 && spec.cpu > 0 && inputBytes >= 0)
        } catch (thrown) {
          assert.ok(thrown instanceof SpillwayError, String(thrown))
          assert.match(thrown.message, /^jobs\.csv cannot be read:\n {2}- /)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('comes back from the history as it went in', () => {
    const name = fc.string({ minLength: 1 }).filter((text) => text.trim() === text)
    fc.assert(
      fc.property(name, fc.nat(1e6), fc.nat(1e12), (text, ms, inputBytes) => {
        const ended = new Date(Date.parse(row.started!) + ms).toISOString()
        const csv = [historyCsvHeader(), historyCsvLine({ ...row, function: text, ended, inputBytes })].join('\r\n')
        const job = read(csv).jobs[0]!
        assert.equal(job.function, text)
        assert.equal(job.inputBytes, inputBytes)
        assert.ok(Math.abs(job.seconds - ms / 1000) < 1e-6)
      }),
    )
  })
})
