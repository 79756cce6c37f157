import assert from 'node:assert/strict'
import fc from 'fast-check'
import { inputAccepts, outputKey, outputsFor } from '../../../runtime/contract/filters.js'

const input = (more = {}) => ({ storage: 's', bucket: 'b', prefix: '', suffix: [] as string[], ...more })
const output = (match: string[], more = {}) => ({ storage: 's', bucket: 'b', prefix: '', match, ...more })
const accepts = (rule: object, key: string) => inputAccepts(input(rule), { storage: 's', bucket: 'b', key })

describe('filters', () => {
  it('takes keys by prefix and suffix, as S3 does', () => {
    assert.ok(accepts({ prefix: 'in/' }, 'in/a.jpg'))
    assert.ok(!accepts({ prefix: 'in/' }, 'inn/a.jpg'))
    assert.ok(accepts({ prefix: 'in' }, 'inn/a.jpg'))
    assert.ok(accepts({ suffix: ['.jpg', '.png'] }, 'x/a.png'))
    assert.ok(!accepts({ suffix: ['.jpg'] }, 'a.JPG'))
  })

  it('takes no folder markers and no other bucket or storage', () => {
    assert.ok(!accepts({}, 'folder/'))
    assert.ok(!inputAccepts(input(), { storage: 's', bucket: 'c', key: 'a' }))
    assert.ok(!inputAccepts(input(), { storage: 't', bucket: 'b', key: 'a' }))
  })

  it('gives a result to every output whose glob takes it', () => {
    const rules = [output(['**']), output(['*.json']), output(['deep/*.txt'])]
    assert.equal(outputsFor(rules, 'a.json').length, 2)
    assert.equal(outputsFor(rules, 'sub/a.json').length, 2)
    assert.equal(outputsFor(rules, 'deep/a.txt').length, 2)
    assert.equal(outputsFor(rules, 'deep/er/a.txt').length, 1)
    assert.equal(outputsFor(rules, '.hidden').length, 1)
  })

  it('takes every name by default, whatever is in it', () => {
    const part = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !/^\.{1,2}$|[/\0]/.test(text))
    const name = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
    const isTaken = (text: string) => outputsFor([output(['**']), output(['*'])], text).length === 2
    fc.assert(fc.property(fc.oneof(name, fc.constantFrom('a\nb', 'x/\n', '-', '!a', 'a\\b')), isTaken))
  })

  it('makes keys below a prefix that names a folder with or without its slash', () => {
    assert.equal(outputKey({ prefix: '' }, 'a/b'), 'a/b')
    assert.equal(outputKey({ prefix: 'out/' }, 'a'), 'out/a')
    assert.equal(outputKey({ prefix: 'out' }, 'a'), 'out/a')
  })
})
