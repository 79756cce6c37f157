/** The pure parts of running attempts on Lambda. */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { Concurrency } from '../../../../../dispatcher/backends/lambda/run/concurrency.js'
import { readFunctionError } from '../../../../../dispatcher/backends/lambda/run/function-error.js'
import { pieces } from '../../../../../dispatcher/backends/lambda/run/pieces.js'
import { readRefusal } from '../../../../../dispatcher/backends/lambda/run/refusal.js'
import { parseReport, printedLines } from '../../../../../dispatcher/backends/lambda/run/report-line.js'

const REPORT =
  'REPORT RequestId: 7\tDuration: 812.61 ms\tBilled Duration: 1313 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tInit Duration: 500.11 ms\t'
const TAIL = `START RequestId: 7 Version: $LATEST\nhello\n\nEND RequestId: 7\n${REPORT}\n`

describe('the report of Lambda', () => {
  it('says what is billed', () => {
    assert.deepEqual(parseReport(TAIL), { billedMs: 1313, memorySize: 128, maxMemoryUsed: 128 })
    assert.equal(parseReport('START RequestId: 7\nREPORT RequestId: 7\tDura'), undefined)
  })

  it('is told from what the function printed', () => {
    assert.deepEqual(printedLines(TAIL), ['hello'])
  })
})

describe('an error of a function', () => {
  const causeOf = (payload: object, logTail = '') =>
    readFunctionError({ payload: JSON.stringify(payload), logTail }).cause

  it('that the supervisor reported has its cause', () => {
    assert.equal(causeOf({ errorType: 'Spillway.no-space', errorMessage: 'full' }), 'no-space')
  })

  it('of Lambda tells the time from the memory from the image from the rest', () => {
    const killed = 'RequestId: 7 Error: Runtime exited with error: signal: killed'
    const cases: [object, string, string][] = [
      [
        { errorType: 'Sandbox.Timedout', errorMessage: 'RequestId: 7 Error: Task timed out after 3.00 seconds' },
        '',
        'timeout',
      ],
      [{ errorMessage: '2026-08-01T12:00:00.000Z 7 Task timed out after 900.00 seconds' }, '', 'timeout'],
      [{ errorType: 'Runtime.ExitError', errorMessage: killed }, TAIL, 'out-of-memory'],
      [{ errorType: 'Runtime.ExitError', errorMessage: killed }, TAIL.replace('Used: 128', 'Used: 60'), 'worker-lost'],
      [{ errorType: 'Runtime.OutOfMemory', errorMessage: killed }, '', 'out-of-memory'],
      [{ errorType: 'Runtime.ExitError', errorMessage: 'Runtime exited with error: exit status 1' }, TAIL, 'internal'],
      [{ errorType: 'Runtime.InvalidEntrypoint', errorMessage: 'fork/exec /opt/x: no such file' }, '', 'image'],
      [{ errorType: 'Spillway.Config', errorMessage: 'the file cannot be read' }, '', 'image'],
      [{}, '', 'internal'],
    ]
    for (const [payload, tail, cause] of cases) assert.equal(causeOf(payload, tail), cause, JSON.stringify(payload))
  })

  it('is a failure whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.string(), (payload, logTail) => {
        const { outcome, message } = readFunctionError({ payload, logTail })
        assert.ok(outcome === 'failed' && message !== '')
      }),
    )
  })
})

describe('a refusal of Lambda', () => {
  const thrown = (name: string, httpStatusCode: number | undefined, more: object = {}) =>
    Object.assign(new Error('in words'), {
      name,
      ...more,
      ...(httpStatusCode ? { $metadata: { httpStatusCode } } : {}),
    })
  const read = (...of: Parameters<typeof thrown>) => readRefusal(thrown(...of), 'f')

  it('is waited out, looked into, believed or in doubt', () => {
    const cases: [Parameters<typeof thrown>, string, string?][] = [
      [['TooManyRequestsException', 429], 'wait', 'throttled'],
      [['ResourceConflictException', 409], 'state'],
      [['ResourceNotReadyException', 502], 'state'],
      [['ServiceException', 500], 'wait', 'backend-unavailable'],
      [['EFSMountTimeoutException', 408], 'wait', 'backend-unavailable'],
      [['ResourceNotFoundException', 404], 'refused', 'backend-unavailable'],
      [['AccessDeniedException', 403], 'refused', 'backend-unavailable'],
      [['InvalidRuntimeException', 502], 'refused', 'image'],
      [['RequestTooLargeException', 413], 'refused', 'internal'],
      [['Error', undefined, { code: 'ECONNREFUSED' }], 'wait', 'backend-unavailable'],
      [['Error', undefined, { code: 'ECONNRESET' }], 'unknown'],
      [['AbortError', undefined], 'unknown'],
      [['CredentialsProviderError', undefined], 'refused', 'backend-unavailable'],
    ]
    for (const [of, kind, cause] of cases) {
      const refusal = read(...of)
      assert.deepEqual([refusal.kind, 'cause' in refusal ? refusal.cause : undefined], [kind, cause], of[0])
    }
  })

  it('is told from what is a matter of one function only', () => {
    const isOfFunction = (...of: Parameters<typeof thrown>) => 'ofFunction' in read(...of)
    const reserved = { Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' }
    assert.ok(isOfFunction('TooManyRequestsException', 429, reserved))
    for (const [name, status] of [
      ['ResourceNotFoundException', 404],
      ['AccessDeniedException', 403],
      ['EFSMountTimeoutException', 408],
      ['KMSDisabledException', 502],
    ] as const)
      assert.ok(isOfFunction(name, status), name)
    for (const [name, status] of [
      ['TooManyRequestsException', 429],
      ['ServiceException', 500],
      ['UnrecognizedClientException', 403],
      ['ExpiredTokenException', 403],
    ] as const)
      assert.ok(!isOfFunction(name, status), name)
  })

  it('says whether it is a matter of how many run', () => {
    const isAbout = (Reason: string) => {
      const refusal = read('TooManyRequestsException', 429, { Reason })
      return refusal.kind === 'wait' && refusal.concurrency
    }
    assert.ok(isAbout('ConcurrentInvocationLimitExceeded'))
    assert.ok(isAbout('ReservedFunctionConcurrentInvocationLimitExceeded'))
    assert.ok(!isAbout('CallerRateLimitExceeded'))
  })
})

describe('concurrency on Lambda', () => {
  it('is the least of what is configured, what the account has, and what Lambda took last', () => {
    let now = 0
    const concurrency = new Concurrency(8, () => now)
    assert.equal(concurrency.roomFor('f'), 8)
    concurrency.account = 5
    for (let n = 0; n < 4; n++) concurrency.enter('f')
    assert.equal(concurrency.roomFor('g'), 1)
    concurrency.refused('f', false)
    assert.deepEqual([concurrency.limit, concurrency.roomFor('g')], [3, 0])
    now += 2000
    assert.equal(concurrency.limit, 5)
    for (let n = 0; n < 4; n++) concurrency.leave('f')
    assert.deepEqual([concurrency.running, concurrency.roomFor('f')], [0, 5])
  })

  it('of one function does not narrow the others', () => {
    const concurrency = new Concurrency(10, () => 0)
    for (let n = 0; n < 3; n++) concurrency.enter('f')
    concurrency.refused('f', true)
    assert.deepEqual([concurrency.roomFor('f'), concurrency.roomFor('g')], [0, 7])
  })
})

describe('pieces of a stream', () => {
  it('are as long as they should be, and together are the stream', async () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(chunks, fc.integer({ min: 1, max: 60 }), async (list, pieceBytes) => {
        const whole = Buffer.concat(list)
        const got: Buffer[] = []
        for (const { content, size } of pieces(
          Readable.from(list.map((one) => Buffer.from(one))),
          whole.length,
          pieceBytes,
        )) {
          got.push(await buffer(content))
          assert.equal(got.at(-1)?.length, size)
        }
        assert.ok(got.slice(0, -1).every(({ length }) => length === pieceBytes))
        assert.deepEqual(Buffer.concat(got), whole)
      }),
    )
  })

  it('end with an error when there is less than was said', async () => {
    const [piece] = [...pieces(Readable.from([Buffer.from('abc')]), 5, 5)]
    await assert.rejects(buffer(piece!.content), /shorter than it was said/)
  })
})
