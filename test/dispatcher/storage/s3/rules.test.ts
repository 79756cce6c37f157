import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { NotifyFilter } from '../../../../dispatcher/storage/object-store.js'
import { CREATED_EVENTS, mergeRules, type Rule } from '../../../../dispatcher/storage/s3/rules.js'
import { inputAccepts } from '../../../../runtime/contract/filters.js'

const OURS = 'arn:minio:sqs::SPILLWAY:webhook'
const OTHERS = 'arn:minio:sqs::OTHERS:webhook'
const wanted = (...filters: NotifyFilter[]) => ({ filters, arns: [OURS] })
const endsOf = (rules: readonly Rule[] | undefined) =>
  rules?.map(({ filters }) => filters.map(({ name, value }) => `${name} ${value}`).join(', '))

/** A server takes a rule's prefix and suffix for two pieces of a key that do not overlap. */
const reports = ({ filters }: Rule, key: string) => {
  const value = (wantedName: string) => filters.find(({ name }) => name === wantedName)?.value ?? ''
  const [prefix, suffix] = [value('prefix'), value('suffix')]
  return key.startsWith(prefix) && key.endsWith(suffix) && key.length >= prefix.length + suffix.length
}

describe('S3 storage: notification rules', () => {
  it('are one per prefix and suffix, each of an id of its own', () => {
    const rules = mergeRules([], wanted({ prefix: 'in/', suffix: ['.png', '.jpg'] }, { prefix: 'a', suffix: [] }))!
    assert.deepEqual(endsOf(rules), ['prefix in/, suffix .png', 'prefix in/, suffix .jpg', 'prefix a'])
    assert.equal(new Set(rules.map(({ id }) => id)).size, 3)
    for (const { id, arn, events } of rules) {
      assert.match(id!, /^spillway-SPILLWAY-[0-9a-f]{12}$/)
      assert.deepEqual([arn, events], [OURS, CREATED_EVENTS])
    }
  })

  it('leave out what another one reports', () => {
    const filters = [
      { prefix: 'in/a/', suffix: ['.png'] },
      { prefix: 'in/', suffix: ['.png'] },
      { prefix: 'in/', suffix: ['.png', 'x.png'] },
    ]
    assert.deepEqual(endsOf(mergeRules([], wanted(...filters))), ['prefix in/, suffix .png'])
    assert.deepEqual(endsOf(mergeRules([], wanted(...filters, { prefix: '', suffix: [] }))), [''])
  })

  it('have no suffix where a key may be both in one piece', () => {
    assert.deepEqual(endsOf(mergeRules([], wanted({ prefix: 'in/x.', suffix: ['.txt'] }))), ['prefix in/x.'])
  })

  it('are kept where they are right, whatever region the server put in', () => {
    const filters = [{ prefix: 'in/', suffix: ['.a', '.b'] }]
    const present = mergeRules([], wanted(...filters))!.map((rule) => ({
      ...rule,
      arn: 'arn:minio:sqs:eu-west-1:SPILLWAY:webhook',
      events: rule.events.toReversed(),
      filters: rule.filters.map(({ name, value }) => ({ name: name.toUpperCase(), value })).toReversed(),
    }))
    assert.equal(mergeRules(present.toReversed(), wanted(...filters)), undefined)
  })

  it('of others stay, in their order, with odd ids and of our own target too', () => {
    const theirs: Rule[] = [
      { arn: OTHERS, events: ['s3:ObjectCreated:*'], filters: [] },
      {
        id: 'spillway-OTHERS-1',
        arn: OTHERS,
        events: ['s3:ObjectCreated:*'],
        filters: [{ name: 'prefix', value: 'in/' }],
      },
      { id: 'mine', arn: OURS, events: ['s3:ObjectRemoved:*'], filters: [] },
    ]
    const ours = mergeRules(theirs, wanted({ prefix: 'in/', suffix: [] }))!
    assert.deepEqual(ours.slice(0, 3), theirs)
    assert.equal(ours.length, 4)
    assert.deepEqual(mergeRules(ours, wanted()), theirs)
    assert.equal(mergeRules(theirs, wanted()), undefined)
  })

  it('report every key that a function takes, and settle after one change', () => {
    const piece = fc.array(fc.constantFrom('a', '/', '.', 'b'), { maxLength: 4 }).map((letters) => letters.join(''))
    const filter = fc.record({
      prefix: piece,
      suffix: fc.array(
        piece.filter((text) => text !== ''),
        { maxLength: 3 },
      ),
    })
    const key = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(fc.array(filter, { maxLength: 4 }), fc.array(key, { maxLength: 30 }), (filters, keys) => {
        const rules = mergeRules([], wanted(...filters)) ?? []
        assert.equal(mergeRules(rules, wanted(...filters)), undefined)
        for (const one of keys) {
          const object = { storage: 'lake', bucket: 'b', key: one }
          const isTaken = filters.some((rule) => inputAccepts({ storage: 'lake', bucket: 'b', ...rule }, object))
          if (isTaken)
            assert.ok(
              rules.some((rule) => reports(rule, one)),
              one,
            )
        }
      }),
    )
  })
})
