import assert from 'node:assert/strict'
import { edges, findLoop } from '../../../runtime/contract/workflow.js'

const at = (bucket: string, prefix = '') => ({ storage: 's', bucket, prefix })
const fn = (input: object[], output: object[]) => ({
  input: input.map((rule) => ({ ...at(''), suffix: [], ...rule })),
  output: output.map((rule) => ({ ...at(''), match: ['**'], ...rule })),
})

describe('workflow', () => {
  it('finds a function that feeds itself', () => {
    assert.deepEqual(findLoop({ a: fn([at('b', 'x/')], [at('b', 'x/y/')]) }), ['a', 'a'])
    assert.deepEqual(findLoop({ a: fn([at('b', 'x/y/')], [at('b', 'x/')]) }), ['a', 'a'])
  })

  it('finds a loop over several functions and prints it as the cycle', () => {
    const specs = {
      start: fn([at('one')], [at('two')]),
      a: fn([at('two')], [at('three')]),
      b: fn([at('three')], [at('two')]),
    }
    assert.deepEqual(findLoop(specs), ['a', 'b', 'a'])
  })

  it('lets a chain and a diamond pass', () => {
    const specs = {
      split: fn([at('in')], [at('left'), at('right')]),
      left: fn([at('left')], [at('done')]),
      right: fn([at('right')], [at('done')]),
      join: fn([at('done')], [at('out')]),
    }
    assert.equal(findLoop(specs), undefined)
    assert.equal(edges(specs).length, 4)
  })

  it('sees prefixes that only look alike as different', () => {
    assert.equal(findLoop({ a: fn([at('b', 'in/')], [at('b', 'out')]) }), undefined)
    assert.equal(findLoop({ a: fn([at('b', 'inner/')], [at('b', 'in')]) }), undefined)
  })

  it('lets suffixes and globs that exclude each other break a loop, and doubts the rest', () => {
    const suffixed = (suffix: string[], match: string[]) => ({
      a: fn([{ ...at('b'), suffix }], [{ ...at('b'), match }]),
    })
    assert.equal(findLoop(suffixed(['.jpg'], ['*.json'])), undefined)
    assert.deepEqual(findLoop(suffixed(['.jpg'], ['*.json', '*.jpg'])), ['a', 'a'])
    assert.deepEqual(findLoop(suffixed(['.jpg'], ['**'])), ['a', 'a'])
    assert.deepEqual(findLoop(suffixed(['.tar.gz'], ['*.gz'])), ['a', 'a'])
    assert.deepEqual(findLoop(suffixed(['.jpg'], ['*.{jpg,json}'])), ['a', 'a'])
  })
})
