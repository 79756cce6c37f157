import assert from 'node:assert/strict'
import fc from 'fast-check'
import { encodeFilter, filtersOf, overlap } from '../../../../../dispatcher/backends/lambda/compile/filters.js'

const rule = (prefix: string, ...suffix: string[]) => ({ prefix, suffix })
const filters = (...rules: ReturnType<typeof rule>[]) =>
  filtersOf(rules).map(({ prefix, suffix }) => `${prefix}|${suffix}`)

describe('filters of S3 notifications', () => {
  it('are one for each ending, and one for none', () => {
    assert.deepEqual(filters(rule('in/', '.jpg', '.png'), rule('other/')), ['in/|.jpg', 'in/|.png', 'other/|'])
  })

  it('become one where one object would match two, which S3 refuses', () => {
    assert.deepEqual(filters(rule('in/'), rule('in/a/')), ['in/|'])
    assert.deepEqual(filters(rule('in/', '.jpg', 'g')), ['in/|g'])
    assert.deepEqual(filters(rule('in/', '.jpg'), rule('in/a/')), ['in/|'])
    assert.deepEqual(filters(rule('in/a/', '.jpg'), rule('in/', '.png'), rule('in/b/')), ['in/|'])
    assert.deepEqual(filters(rule('in/', '.jpg'), rule('in/a/', '.png')), ['in/|.jpg', 'in/a/|.png'])
  })

  it('are wider than a rule that has a star, which they do not take', () => {
    assert.deepEqual(filters(rule('in/*/x', 'a*b')), ['in/|b'])
  })

  it('are written form-encoded, but for the slash', () => {
    assert.equal(encodeFilter('in/my files/ä+'), 'in/my+files/%C3%A4%2B')
  })

  it('never overlap, and never miss an object that a rule takes', () => {
    const text = fc.array(fc.constantFrom('a', 'b', '/', '*'), { maxLength: 4 }).map((parts) => parts.join(''))
    const rules = fc.array(fc.record({ prefix: text, suffix: fc.array(text, { maxLength: 3 }) }), { maxLength: 6 })
    fc.assert(
      fc.property(rules, text, text, text, (list, start, middle, end) => {
        const found = filtersOf(list)
        found.forEach((one, index) => found.slice(index + 1).forEach((other) => assert.ok(!overlap(one, other))))
        const key = start + middle + end
        const isTaken = list.some(
          ({ prefix, suffix }) =>
            key.startsWith(prefix) && (suffix.length === 0 || suffix.some((ending) => key.endsWith(ending))),
        )
        const isReported = found.some(({ prefix, suffix }) => key.startsWith(prefix) && key.endsWith(suffix))
        assert.ok(!isTaken || isReported, key)
      }),
    )
  })
})
