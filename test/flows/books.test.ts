/** The queue checker itself: it finds every way in which the books can be wrong. */
import assert from 'node:assert/strict'
import type { InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import { audit, type Books } from '../support/books.js'

/** One input that succeeded at its second attempt. */
function honest() {
  const record = {
    id: 'i',
    state: 'succeeded',
    moves: ['accepted', 'queued', 'running', 'queued', 'running', 'succeeded'].map((to) => ({ at: 1, to })),
    tries: [{ number: 1, cause: 'worker-lost' }, { number: 2 }],
    outputs: [{ key: 'x.2.a' }, { key: 'x.2.b' }],
  } as unknown as InvocationRecord
  const result = (name: string) => ({ name, content: 'x i 2', versions: 1 })
  return {
    attempted: new Set(['x']),
    acknowledged: new Set(['x']),
    doomed: new Set<string>(),
    invocations: [{ input: 'x', record }],
    results: [result('x.2.a'), result('x.2.b')],
  } satisfies Books
}

describe('the books', () => {
  it('agree when everything is as it should be', () => assert.deepEqual(audit(honest()), []))

  const lies: [string, (books: ReturnType<typeof honest>) => void, RegExp][] = [
    ['an input that was acknowledged and is gone', (books) => books.invocations.pop(), /lost: x/],
    ['an input that still waits', ({ invocations }) => (invocations[0]!.record.state = 'queued'), /lost: x/],
    ['a result that nobody asked for', ({ results }) => (results[0]!.name = 'y.1.a'), /unexpected: result y\.1\.a/],
    ['an invocation that nobody asked for', ({ attempted }) => attempted.delete('x'), /unexpected: invocation i/],
    ['two invocations of one input', ({ invocations }) => invocations.push(invocations[0]!), /several invocations/],
    [
      'results of two attempts',
      ({ results }) => results.push({ name: 'x.1.a', content: 'x i 1', versions: 1 }),
      /results of several attempts/,
    ],
    ['a result that was written again', ({ results }) => (results[0]!.versions = 2), /x\.2\.a was written again/],
    ['half of the results', ({ results }) => results.pop(), /has the files x\.2\.a/],
    [
      'results that are not on record',
      ({ invocations }) => invocations[0]!.record.outputs.pop(),
      /other results on record/,
    ],
    ['a result of another attempt', ({ results }) => (results[0]!.content = 'x i 1'), /has a wrong x\.2\.a/],
    [
      'two successes',
      ({ invocations }) => invocations[0]!.record.moves.push({ at: 2, to: 'succeeded' }),
      /succeeded 2 times/,
    ],
    ['a success of a script that fails', ({ doomed }) => doomed.add('x'), /although its script fails/],
    [
      'a failure with results and no cause',
      ({ invocations }) => (invocations[0]!.record.state = 'failed'),
      /failed after it succeeded[^]*has results[^]*without a cause[^]*although its script does not/,
    ],
  ]
  for (const [what, lie, found] of lies)
    it(`show ${what}`, () => {
      const books = honest()
      lie(books)
      assert.match(audit(books).join('\n'), found)
    })
})
