import assert from 'node:assert/strict'
import { contentType } from '../../plugin/invoke/read-work.js'
import { wordAfter } from '../../plugin/framework.js'
import { parseTime } from '../../plugin/parse-time.js'
import type { Serverless } from '../../plugin/serverless.js'
import { clockTime, failureText, inputPlace, outputSummary, table } from '../../plugin/words.js'

describe('the words of the plugin', () => {
  it('name inputs, results and failures', () => {
    const event = { storage: 'lake', bucket: 'in', key: 'a/cat.jpg', size: 5100, time: '2026-01-01T00:00:00Z' }
    assert.equal(inputPlace({ kind: 'object', event }), 'lake://in/a/cat.jpg (5.1 kB)')
    const output = { storage: 'lake', bucket: 'out', key: 'cat.json', size: 1 }
    assert.equal(outputSummary([output, output, output]), 'lake://out/cat.json and 2 more')
    assert.equal(failureText({ state: 'failed', cause: 'timeout', message: 'took too long' }), 'timeout: took too long')
    assert.equal(failureText({ state: 'cancelled', cause: 'cancelled' }), 'cancelled')
  })

  it('give the day only where it is another one', () => {
    const now = Date.parse('2026-01-02T12:00:00Z')
    assert.equal(clockTime(now - 3_600_000, now), '11:00:00')
    assert.equal(clockTime(now - 86_400_000, now), '2026-01-01 12:00:00')
  })

  it('stand in columns', () => {
    assert.deepEqual(
      table([
        ['a', 'bb', ''],
        ['ccc', 'd', 'e'],
      ]),
      ['a    bb', 'ccc  d   e'],
    )
  })

  it('read times as the framework does', () => {
    const at = (text: string, now = 0) => parseTime(text, { option: 'startTime', now })
    assert.equal(at('5m', 1_000_000_000), 999_700_000)
    assert.equal(at('2026-01-01'), Date.UTC(2026, 0, 1))
    assert.equal(at('2026-01-01T02:00:00'), Date.UTC(2026, 0, 1, 2))
    assert.equal(at('2026-01-01T02:00:00+02:00'), Date.UTC(2026, 0, 1))
    assert.equal(at('1700000000000'), 1_700_000_000_000)
    assert.equal(at('1700000000'), 1_700_000_000_000)
    assert.throws(() => at('5x'), /--startTime must be/)
  })

  it('tell JSON, text and bytes apart', () => {
    assert.equal(contentType(Buffer.from('{}'), false), 'application/json')
    assert.equal(contentType(Buffer.from('{}'), true), 'text/plain; charset=utf-8')
    assert.equal(contentType(Buffer.from('hello'), false), 'text/plain; charset=utf-8')
    assert.equal(contentType(Buffer.from([0xff]), true), 'application/octet-stream')
  })

  it('take an id as a word of the command line, and nothing that could be an option or a path', () => {
    const after = (...commands: string[]) =>
      wordAfter({ processedInput: { commands } } as unknown as Serverless, ['spillway', 'explain'])
    assert.equal(after('spillway', 'explain', '0190-ab'), '0190-ab')
    assert.equal(after('spillway', 'explain'), undefined)
    assert.equal(after('spillway', 'cancel', '0190'), undefined)
    assert.equal(after('spillway', 'explain', 'a', 'b'), undefined)
    assert.equal(after('spillway', 'explain', 'a:b'), undefined)
  })
})
