/** A schema as tables for people: every key with its type, default, what may be written instead, and its meaning. */
import type { TSchema } from '@sinclair/typebox'
import { isRequired, namedChild, type SchemaNode } from './schema-node.js'
import type { Shorthand } from './schema.js'

export interface Row {
  key: string
  type: string
  default: string
  /** What may be written in place of the normal form; empty = nothing else. */
  instead: string
  meaning: string
  /** Title of the section that has the keys of this map. */
  section?: string
}

export interface Section {
  title: string
  description: string
  rows: Row[]
}

/** Titles of sections by the keys that they describe, so that nothing is described twice, on whatever page. */
export type Described = Map<string, string>

const INSTEAD: Readonly<Record<Shorthand, string>> = {
  seconds: '`90s`, `20m`, `1h`',
  megabytes: '`512Mi`, `2Gi`',
  location: '`storage://bucket/prefix`',
  list: 'one item without the list',
  count: 'a plain count',
  'fixed-budget': 'a fixed time: `90s`',
  text: 'a number, true or false',
}

/** The section of a schema itself comes first, those of its maps follow in the order of their keys. */
export const describe = (schema: TSchema, place: Place, described: Described = new Map()): Section[] =>
  describeObject(schema as SchemaNode, place, described)

export interface Place {
  title: string
  /** What stands before the keys in the titles of the sections below. */
  prefix: string
}

function describeObject(node: SchemaNode, { title, prefix }: Place, described: Described): Section[] {
  described.set(keysOf(node), title)
  const below: Section[] = []
  const rows = Object.entries(node.properties ?? {}).map(([key, child]) => {
    const { map, suffix } = mapOf(child)
    if (!map) return row(node, key, undefined)
    const path = `${prefix}${key}${suffix}`
    const known = described.get(keysOf(map))
    if (known === undefined) below.push(...describeObject(map, { title: path, prefix: `${path}.` }, described))
    return row(node, key, known ?? path)
  })
  return [{ title, description: node.description ?? '', rows }, ...below]
}

/** The map with keys of its own that a key holds, in a list or by name too. */
function mapOf(node: SchemaNode): { map?: SchemaNode; suffix: string } {
  if (node.properties) return { map: node, suffix: '' }
  if (node.items) return mapOf(node.items)
  const named = namedChild(node)
  if (!named) return { suffix: '' }
  const { map } = mapOf(named)
  return map ? { map, suffix: '.<name>' } : { suffix: '' }
}

const keysOf = (node: SchemaNode) => JSON.stringify(node.properties)

function row(parent: SchemaNode, key: string, section: string | undefined): Row {
  const node = parent.properties![key]!
  return {
    key,
    type: typeText(node),
    default: defaultText(node, isRequired(parent, key)),
    instead: insteadOf(node).join('; '),
    meaning: node.description ?? '',
    ...(section === undefined ? {} : { section }),
  }
}

function typeText(node: SchemaNode): string {
  if (node.enum) return `one of ${node.enum.map((value) => `\`${value}\``).join(', ')}`
  if (node.items) return `list of ${typeText(node.items)}`
  const named = namedChild(node)
  if (named) return `map of name to ${typeText(named)}`
  const unit = node.unit ? ` (${node.unit})` : ''
  return [`${PLAIN[node.type ?? ''] ?? 'anything'}${unit}`, ...limits(node)].join(', ')
}

const PLAIN: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'number',
  integer: 'whole number',
  boolean: 'true or false',
  object: 'map',
}

const limits = ({ minimum, exclusiveMinimum, maximum }: SchemaNode): string[] => [
  ...(minimum === undefined ? [] : [`at least ${minimum}`]),
  ...(exclusiveMinimum === undefined ? [] : [`over ${exclusiveMinimum}`]),
  ...(maximum === undefined ? [] : [`at most ${maximum}`]),
]

function defaultText(node: SchemaNode, required: boolean): string {
  if (node.defaultText !== undefined) return node.defaultText
  if (node.default === undefined) return required ? 'required' : 'none'
  if (node.default === '') return 'empty'
  if (typeof node.default !== 'object' || node.default === null) return `\`${String(node.default)}\``
  if (Object.keys(node.default).length > 0) return `\`${JSON.stringify(node.default)}\``
  return node.properties ? 'those of its keys' : 'none'
}

function insteadOf(node: SchemaNode): string[] {
  const below = node.items ?? namedChild(node)
  return [...(node.shorthand ? [INSTEAD[node.shorthand]] : []), ...(below ? insteadOf(below) : [])]
}
