/** Turns what a person wrote into the normal form of a schema and lists everything that is wrong with it, at once. */
import type { TSchema } from '@sinclair/typebox'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { distance } from 'fastest-levenshtein'
import { parseLocation } from './location.js'
import type { Problem } from './problem.js'
import type { FieldOptions, Shorthand } from './schema.js'
import { parseMegabytes, parseSeconds } from './units.js'

type Node = TSchema & Partial<FieldOptions>
export type Reading<T> = { value: T; problems: [] } | { value?: undefined; problems: Problem[] }

/** The schemas are ours and checked by the compiler; without these checks a command starts 50 ms earlier. */
const QUICK = { meta: false, validateSchema: false, code: { optimize: false } } as const

const ajv = new Ajv({ allErrors: true, verbose: true, strict: false, validateFormats: false, ...QUICK })
const compiled = new WeakMap<TSchema, ValidateFunction>()

/** Reads `raw` by `schema`; `path` is what the person calls the place, e.g. `functions.classify`. */
export function readWith<T>(schema: TSchema, raw: unknown, path: string): Reading<T> {
  const value = normalise(schema, raw)
  const problems = check(schema, value, path)
  return problems.length === 0 ? { value: value as T, problems: [] } : { problems }
}

const expand: Record<Shorthand, (value: unknown, node: Node) => unknown> = {
  seconds: (value) => parseSeconds(value) ?? value,
  megabytes: (value) => parseMegabytes(value) ?? value,
  location: (value) => (typeof value === 'string' ? (parseLocation(value) ?? value) : value),
  list: (value) => (value === undefined || Array.isArray(value) ? value : [value]),
  count: (value) => (typeof value === 'number' ? { count: value } : value),
  text: (value) => (typeof value === 'number' || typeof value === 'boolean' ? String(value) : value),
  'fixed-budget': (value) => {
    const fixed = typeof value === 'object' ? undefined : parseSeconds(value)
    return fixed === undefined ? value : { factor: 0, min: fixed, max: fixed }
  },
}

/** Fills defaults and expands shorthands, on a copy; what it does not understand it leaves for `check` to refuse. */
function normalise(node: Node, raw: unknown): unknown {
  const given = raw === undefined || raw === null ? structuredClone(node.default) : raw
  const value = node.shorthand ? expand[node.shorthand](given, node) : given
  if (Array.isArray(value)) return node.items ? value.map((item) => normalise(node.items as Node, item)) : value
  if (!isRecord(value)) return value
  return node.properties ? normaliseObject(node, value) : normaliseRecord(node, value)
}

function normaliseObject(node: Node, value: Record<string, unknown>): Record<string, unknown> {
  const known = Object.entries(node.properties as Record<string, Node>)
    .map(([key, child]) => [key, normalise(child, ownValue(value, key))] as const)
    .filter(([, child]) => child !== undefined)
  const unknown = Object.entries(value).filter(([key]) => !Object.hasOwn(node.properties, key))
  return Object.fromEntries([...known, ...unknown])
}

function normaliseRecord(node: Node, value: Record<string, unknown>): Record<string, unknown> {
  const child = Object.values((node.patternProperties as Record<string, Node>) ?? {})[0]
  return child ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, normalise(child, item)])) : value
}

const ownValue = (value: Record<string, unknown>, key: string) => (Object.hasOwn(value, key) ? value[key] : undefined)

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function check(schema: TSchema, value: unknown, path: string): Problem[] {
  let validate = compiled.get(schema)
  if (!validate) compiled.set(schema, (validate = ajv.compile(JSON.parse(JSON.stringify(schema)) as object)))
  if (validate(value)) return []
  return (validate.errors ?? []).map((error) => asProblem(error, path))
}

function asProblem(error: ErrorObject, root: string): Problem {
  const path = root + dotted(error.instancePath)
  const params = error.params as Record<string, unknown>
  const hint = (error.parentSchema as Partial<FieldOptions>).hint
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(path, String(params.additionalProperty), error)
    case 'required':
      return { path: `${path}.${String(params.missingProperty)}`, expected: 'is missing', fix: hint }
    case 'enum':
      return {
        path,
        expected: `must be one of ${(params.allowedValues as string[]).join(', ')}`,
        value: error.data,
        fix: hint,
      }
    case 'type':
      return { path, expected: `must be ${kindOf(error)}`, value: error.data, fix: hint }
    default:
      return { path, expected: error.message ?? 'is not valid', value: error.data, fix: hint }
  }
}

const KINDS: Partial<Record<Shorthand, string>> = { seconds: 'a time', megabytes: 'a size' }

/** "must be a time" says more than "must be number". */
function kindOf(error: ErrorObject): string {
  const { shorthand } = error.parentSchema as Partial<FieldOptions>
  return (shorthand && KINDS[shorthand]) ?? String((error.params as { type: unknown }).type)
}

function unknownKey(path: string, key: string, error: ErrorObject): Problem {
  const parent = error.parentSchema as Node
  const known = Object.keys((parent.properties as object | undefined) ?? {})
  const value = (error.data as Record<string, unknown>)[key]
  if (known.length === 0)
    return { path: `${path}.${key}`, expected: 'is not a name that is allowed here', value, fix: parent.hint }
  return { path: `${path}.${key}`, expected: 'is not a known key', value, fix: suggest(key, known) }
}

/** "Did you mean output?" or the list of what is known. */
export function suggest(word: string, known: readonly string[]): string {
  const nearest = [...known].sort((a, b) => distance(word, a) - distance(word, b))[0]
  const near = nearest !== undefined && distance(word, nearest) <= Math.max(2, Math.floor(word.length / 3))
  return near ? `Did you mean ${nearest}?` : `Known here: ${known.join(', ')}.`
}

/** `/input/0/bucket` -> `.input[0].bucket` */
const dotted = (pointer: string) =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^[0-9]+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('')
