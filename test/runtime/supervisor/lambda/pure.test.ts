/** The pure parts of the supervisor on Lambda. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { LambdaAnswer } from '../../../../runtime/contract/lambda-function.js'
import { fitting } from '../../../../runtime/supervisor/lambda/answer.js'
import { readEvent } from '../../../../runtime/supervisor/lambda/read-event.js'
import { timeLimits } from '../../../../runtime/supervisor/lambda/time-limits.js'
import { s3Event } from '../../../support/lambda/s3-event.js'

describe('time limits on Lambda', () => {
  it('leave 7 s of a long time: 5 for SIGTERM, 2 to report', () => {
    const limits = timeLimits({ nowMs: 0, lambdaDeadlineMs: 300_000, timeoutMs: 300_000 })
    assert.deepEqual(limits, { termMs: 293_000, killMs: 298_000 })
  })

  it('leave a quarter of a short time', () => {
    assert.deepEqual(timeLimits({ nowMs: 0, lambdaDeadlineMs: 1000, timeoutMs: 9000 }), { termMs: 750, killMs: 875 })
  })

  it('are the function’s own where that comes first, and never after Lambda’s', () => {
    assert.equal(timeLimits({ nowMs: 500, lambdaDeadlineMs: 60_000, timeoutMs: 1000 }).termMs, 1500)
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(1e6), (lambdaDeadlineMs, timeoutMs) => {
        const { termMs, killMs } = timeLimits({ nowMs: 0, lambdaDeadlineMs, timeoutMs })
        assert.ok(termMs <= killMs && killMs <= lambdaDeadlineMs)
      }),
    )
  })
})

describe('an event on Lambda', () => {
  const file = {
    input: [{ storage: 'lake', bucket: 'plants', prefix: 'in/', suffix: ['.jpg'] }],
    storages: { lake: { region: 'eu-north-1' } },
    staging: { bucket: 'staging', prefix: 'spillway/f/' },
  }
  const read = (event: unknown, of: typeof file = file) => readEvent(Buffer.from(JSON.stringify(event)), of, 0)

  it('is work whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (event) => {
        const work = read(event)
        assert.ok(work.kind === 'runs' && work.runs.length === 1)
      }),
    )
    const work = readEvent(Buffer.from([0xff, 0x00]), file, 0)
    assert.ok(work.kind === 'runs' && work.runs[0]?.input.kind === 'inline')
  })

  it('is objects for the inputs that take them, in the region of their storage', () => {
    const work = read(s3Event('plants', { key: 'in/a b.jpg', size: 1 }, { key: 'in/c.txt', size: 1 }))
    assert.ok(work.kind === 'runs')
    assert.deepEqual(
      work.runs.map(({ key, input }) => [key, input]),
      [
        [
          'in/a b.jpg',
          { kind: 's3', bucket: 'plants', key: 'in/a b.jpg', size: 1, name: 'a b.jpg', region: 'eu-north-1' },
        ],
      ],
    )
    assert.deepEqual(work.notes, ['no input of the function takes plants/in/c.txt'])
  })

  it('is every object for a function without inputs', () => {
    const work = read(s3Event('any', { key: 'x', size: 1 }), { ...file, input: [] })
    assert.ok(work.kind === 'runs' && work.runs.length === 1)
  })

  it('is a request when its records are not about objects', () => {
    const event = { Records: [{ eventSource: 'aws:sqs', body: '{}' }] }
    const work = read(event)
    assert.ok(work.kind === 'runs')
    assert.deepEqual([work.runs[0]?.key, work.runs[0]?.event], [undefined, event])
  })

  it('reads staged files below its own prefix only', () => {
    for (const key of ['1/x', 'spillway/f/1/x']) {
      const work = read({ spillway: 'request', contentType: 'a/b', staged: { key, size: 1, name: 'x' } })
      assert.ok(work.kind === 'runs')
      const input = { kind: 's3', bucket: 'staging', key: 'spillway/f/1/x', size: 1, name: 'x' }
      assert.deepEqual(work.runs[0]?.input, input)
    }
  })
})

describe('an answer on Lambda', () => {
  it('is never longer than Lambda takes, stays JSON, and says what was cut', () => {
    const results = fc.oneof(
      fc
        .string({ unit: 'binary', maxLength: 40_000, minLength: 100 })
        .map((body) => ({ encoding: 'utf8' as const, body })),
      fc.uint8Array({ maxLength: 90_000, minLength: 100 }).map((bytes) => ({
        encoding: 'base64' as const,
        body: Buffer.from(bytes).toString('base64'),
      })),
    )
    fc.assert(
      fc.property(results, fc.integer({ min: 66_000, max: 100_000 }), (result, bytesMax) => {
        const body = fitting({ runs: [{ outputs: [], result }] }, bytesMax)
        assert.ok(body.length <= bytesMax)
        const [run] = (JSON.parse(body.toString()) as LambdaAnswer).runs
        const isCut = run?.result?.body !== result.body
        assert.equal(run?.result?.truncated ?? false, isCut)
        if (result.encoding === 'base64') assert.equal((run?.result?.body.length ?? 0) % 4, 0)
        else assert.ok(result.body.startsWith(run?.result?.body ?? 'x'))
      }),
      { numRuns: 30 },
    )
  })
})
