/** The pure pieces of the supervisor, with inputs that nobody would think of. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { LineSplitter, PIECE_BYTES_MAX } from '../../../runtime/supervisor/line-splitter.js'
import { parseShebang } from '../../../runtime/supervisor/program.js'
import { runFailure } from '../../../runtime/supervisor/run-failure.js'
import { stagedName } from '../../../runtime/supervisor/stage-input.js'
import { Stop } from '../../../runtime/supervisor/stop.js'

describe('supervisor: pieces', () => {
  it('splits the same lines from the same bytes, however they are cut', () => {
    const bytes = fc.array(fc.constantFrom('a', 'é', '🦑', '\n', '\r', 'x'.repeat(PIECE_BYTES_MAX)), { maxLength: 40 })
    fc.assert(
      fc.property(bytes, fc.array(fc.nat({ max: 40_000 }), { maxLength: 8 }), (parts, cuts) => {
        const whole = Buffer.from(parts.join(''))
        const splitter = new LineSplitter()
        const lines = chunksOf(whole, cuts).flatMap((chunk) => splitter.push(chunk))
        lines.push(...splitter.end())
        assert.equal(lines.join('').length, whole.toString().replaceAll('\n', '').length)
        assert.ok(lines.every((line) => Buffer.byteLength(line) <= PIECE_BYTES_MAX && !line.includes('\u{FFFD}')))
        if (parts.every((part) => part.length < 3)) assert.deepEqual(lines, linesOf(whole.toString()))
      }),
    )
  })

  const shebangs: [string, string[] | undefined][] = [
    ['#!/bin/sh\necho', ['/bin/sh']],
    ['#! /usr/bin/env  python3 -u \nx', ['/usr/bin/env', 'python3 -u']],
    ['#!/usr/bin/env bash\r\nx', ['/usr/bin/env', 'bash']],
    ['#!\n/bin/sh', undefined],
    ['echo #!/bin/sh', undefined],
    ['', undefined],
  ]
  for (const [start, expected] of shebangs) {
    it(`reads the shebang of ${JSON.stringify(start)}`, () => assert.deepEqual(parseShebang(start), expected))
  }

  it('stages any key under a name that a file system takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (key) => {
        const name = stagedName(key)
        assert.ok(name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name))
        assert.ok(Buffer.byteLength(name) <= 255)
      }),
    )
    assert.equal(stagedName('a/b/photo.jpg'), 'photo.jpg')
    assert.equal(stagedName('a/..'), 'input')
    const long = stagedName(`${'ü'.repeat(200)}.tar.gz`)
    assert.ok(long.endsWith('ü.gz') && Buffer.byteLength(long) >= 254)
  })

  it('calls a death by the kernel what it is', () => {
    assert.equal(runFailure({ exitCode: 0 }, false), undefined)
    assert.equal(runFailure({ signal: 'SIGKILL' }, true)?.cause, 'out-of-memory')
    assert.equal(runFailure({ exitCode: 137 }, true)?.cause, 'out-of-memory')
    const plain = runFailure({ signal: 'SIGSEGV' }, false)
    assert.deepEqual([plain?.cause, plain?.message.includes('SIGSEGV')], ['script-exit', true])
  })

  it('keeps the first reason to stop', () => {
    const stop = new Stop()
    stop.because({ kind: 'given-back' })
    stop.because({ kind: 'fenced' })
    assert.deepEqual([stop.reason, stop.signal.aborted], [{ kind: 'given-back' }, true])
  })
})

function chunksOf(bytes: Buffer, cuts: number[]): Buffer[] {
  const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

function linesOf(text: string): string[] {
  const lines = text.split('\n')
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}
