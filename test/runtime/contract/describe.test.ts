import assert from 'node:assert/strict'
import { Type } from '@sinclair/typebox'
import { describe as describeSchema } from '../../../runtime/contract/describe.js'
import { object, oneOf, seconds, text } from '../../../runtime/contract/schema.js'

const Delays = object(
  { most: seconds({ description: 'at most', default: 300 }) },
  { description: 'delays', default: {} },
)
const Schema = object(
  {
    name: text({ description: 'what it is called' }),
    kind: oneOf(['a', 'b'], { description: 'which', default: 'a' }),
    size: Type.Integer({ description: 'how large', unit: 'MB', minimum: 1, maximum: 9, defaultText: 'all there is' }),
    first: Delays,
    again: Type.Optional(Type.Array(Delays, { description: 'more delays', shorthand: 'list' })),
    named: Type.Record(Type.String(), object({ on: Type.Boolean({ description: 'on' }) }, { description: 'one' }), {
      description: 'by name',
      default: {},
    }),
  },
  { description: 'a thing' },
)

describe('describe', () => {
  const sections = describeSchema(Schema, { title: 'A thing', prefix: 'thing.' })
  const row = (key: string) => sections[0]!.rows.find((one) => one.key === key)

  it('says type with unit and limits, default, other forms and meaning', () => {
    assert.deepEqual(row('name'), {
      key: 'name',
      type: 'text',
      default: 'required',
      instead: '',
      meaning: 'what it is called',
    })
    assert.equal(row('kind')?.type, 'one of `a`, `b`')
    assert.equal(row('kind')?.default, '`a`')
    assert.equal(row('size')?.type, 'whole number (MB), at least 1, at most 9')
    assert.equal(row('size')?.default, 'all there is')
    assert.equal(row('again')?.default, 'none')
    assert.equal(row('again')?.instead, 'one item without the list')
  })

  it('gives every map a section, once', () => {
    assert.deepEqual(
      sections.map(({ title }) => title),
      ['A thing', 'thing.first', 'thing.named.<name>'],
    )
    assert.equal(row('again')?.section, 'thing.first')
    assert.equal(row('named')?.type, 'map of name to map')
  })

  it('points to what another page has described already', () => {
    const described = new Map<string, string>()
    describeSchema(Delays, { title: 'Delays', prefix: '' }, described)
    const [first, ...rest] = describeSchema(Schema, { title: 'A thing', prefix: '' }, described)
    assert.equal(first!.rows.find(({ key }) => key === 'first')?.section, 'Delays')
    assert.deepEqual(
      rest.map(({ title }) => title),
      ['named.<name>'],
    )
  })
})
