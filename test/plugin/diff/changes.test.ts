import assert from 'node:assert/strict'
import { changes } from '../../../plugin/diff/changes.js'

describe('changes of a value', () => {
  it('are none where it says the same', () => {
    assert.deepEqual(changes({ a: [1, { b: null }] }, { a: [1, { b: null }] }), [])
    assert.deepEqual(changes([], []), [])
  })

  it('name the keys that changed, came and went, down to the last one', () => {
    const before = { retries: { attempts: 3, on: ['timeout'] }, environment: { A: '1', B: '2' }, image: 'a' }
    const after = { retries: { attempts: 5, on: ['timeout', 'image'] }, environment: { B: '2', C: '3' }, gpu: 0 }
    assert.deepEqual(changes(before, after), [
      { path: 'retries.attempts', before: 3, after: 5 },
      { path: 'retries.on', before: ['timeout'], after: ['timeout', 'image'] },
      { path: 'environment.A', before: '1' },
      { path: 'environment.C', after: '3' },
      { path: 'image', before: 'a' },
      { path: 'gpu', after: 0 },
    ])
  })

  it('go into lists of maps by place, and put keys that do not read well into brackets', () => {
    assert.deepEqual(changes({ input: [{ prefix: 'a' }] }, { input: [{ prefix: 'b' }, { prefix: 'c' }] }), [
      { path: 'input[0].prefix', before: 'a', after: 'b' },
      { path: 'input[1]', after: { prefix: 'c' } },
    ])
    assert.deepEqual(changes({ labels: { 'a.b/c': 1 } }, { labels: {} }), [{ path: 'labels["a.b/c"]', before: 1 }])
  })

  it('of its kind show both', () => {
    assert.deepEqual(changes({ a: [1] }, { a: { b: 1 } }), [{ path: 'a', before: [1], after: { b: 1 } }])
    assert.deepEqual(changes(undefined, { a: 1 }), [{ path: '', after: { a: 1 } }])
  })
})
