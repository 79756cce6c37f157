/** The JSON schema of serverless.yml for editors: our keys as people may write them; everything else is open. */
import { FunctionSpecSchema, OWN_KEYS } from './function-spec.js'
import { isRequired, namedChild, type SchemaNode } from './schema-node.js'
import { ServiceConfigSchema } from './service-config.js'
import type { Shorthand } from './schema.js'
import { DURATION_OR_SECONDS_PATTERN, SIZE_OR_MEGABYTES_PATTERN } from './units.js'

/** The part of JSON schema, draft 7, that is used here. */
export interface EditorSchema {
  $schema?: string
  $ref?: string
  description?: string
  type?: string
  enum?: readonly string[]
  pattern?: string
  minLength?: number
  minimum?: number
  exclusiveMinimum?: number
  maximum?: number
  minItems?: number
  uniqueItems?: boolean
  default?: unknown
  items?: EditorSchema
  properties?: Record<string, EditorSchema>
  required?: string[]
  additionalProperties?: boolean | EditorSchema
  propertyNames?: EditorSchema
  anyOf?: EditorSchema[]
  if?: EditorSchema
  then?: EditorSchema
  definitions?: Record<string, EditorSchema>
}

/** Keys of the framework that mean something for our functions too. */
const FRAMEWORK_KEYS: Readonly<Record<string, EditorSchema>> = {
  name: { type: 'string', description: 'may be left out; it is `<service>-<stage>-<key>`' },
  description: { type: 'string', description: 'for people' },
  tags: { type: 'object', description: 'of the framework', additionalProperties: true },
}

const VARIABLE: EditorSchema = { $ref: '#/definitions/variable' }

export function editorSchema(): EditorSchema {
  const every: EditorSchema = { additionalProperties: { $ref: '#/definitions/function' } }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    description: 'serverless.yml of a service with serverless-spillway',
    type: 'object',
    properties: {
      spillway: { $ref: '#/definitions/spillway' },
      functions: { ...every, items: every },
    },
    definitions: {
      variable: { description: 'a variable of the framework', type: 'string', pattern: '\\$\\{' },
      spillway: orNothing(spillwayBlock()),
      ownFunction: ownFunction(),
      function: anyFunction(),
    },
  }
}

export const spillwayBlock = (): EditorSchema => writtenObject(ServiceConfigSchema as SchemaNode)

/** A function of ours: nothing but known keys. */
export function ownFunction(): EditorSchema {
  const { properties = {}, ...rest } = writtenObject(FunctionSpecSchema as SchemaNode)
  return { ...rest, properties: { ...FRAMEWORK_KEYS, ...properties } }
}

/** Any function: a key that only we know makes it one of ours, and from then on a misspelt key is an error. */
function anyFunction(): EditorSchema {
  const own = Object.fromEntries(
    OWN_KEYS.map((key) => [key, { $ref: `#/definitions/ownFunction/properties/${key}` } as const]),
  )
  return {
    properties: own,
    if: { anyOf: OWN_KEYS.map((key) => ({ required: [key] })) },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON schema
    then: { $ref: '#/definitions/ownFunction' },
  }
}

/** What may be written for a value: its normal form, its short forms, a variable. */
function written(node: SchemaNode): EditorSchema {
  const forms = formsOf(node)
  const { description } = node
  const text = { ...(description === undefined ? {} : { description }), ...writtenDefault(node) }
  return forms.length === 1 ? { ...forms[0], ...text } : { ...text, anyOf: forms }
}

function formsOf(node: SchemaNode): EditorSchema[] {
  const normal = normalForm(node)
  const isAnyText = normal.type === 'string' && !normal.enum && !normal.pattern
  return unique([
    normal,
    ...(node.shorthand ? SHORT_FORMS[node.shorthand](node) : []),
    ...(isAnyText ? [] : [VARIABLE]),
  ])
}

const SECONDS: EditorSchema = { type: 'string', pattern: DURATION_OR_SECONDS_PATTERN }
const MEGABYTES: EditorSchema = { type: 'string', pattern: SIZE_OR_MEGABYTES_PATTERN }

const SHORT_FORMS: Readonly<Record<Shorthand, (node: SchemaNode) => EditorSchema[]>> = {
  seconds: () => [SECONDS],
  megabytes: () => [MEGABYTES],
  location: ({ pattern }) => [{ type: 'string', ...(pattern === undefined ? {} : { pattern }) }],
  list: ({ items }) => (items ? formsOf(items) : []),
  count: () => [{ type: 'integer', minimum: 0 }],
  'fixed-budget': () => [{ type: 'number', minimum: 0 }, SECONDS],
  text: () => [{ type: 'number' }, { type: 'boolean' }],
}

function normalForm(node: SchemaNode): EditorSchema {
  if (node.properties) return writtenObject(node)
  if (node.items) return { type: 'array', items: written(node.items), ...pick(node, ['minItems', 'uniqueItems']) }
  const named = namedChild(node)
  if (named) return { type: 'object', additionalProperties: written(named), ...namesOf(node) }
  return pick(node, ['type', 'enum', 'pattern', 'minLength', 'minimum', 'exclusiveMinimum', 'maximum'])
}

function writtenObject(node: SchemaNode): EditorSchema {
  const entries = Object.entries(node.properties ?? {})
  const required = entries.map(([key]) => key).filter((key) => isRequired(node, key))
  return {
    type: 'object',
    properties: Object.fromEntries(
      entries.map(([key, child]) => [key, required.includes(key) ? written(child) : orNothing(written(child))]),
    ),
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
  }
}

/** A key with nothing behind it, as in `local:`, is the default. */
function orNothing(schema: EditorSchema): EditorSchema {
  const { description, default: preset, ...form } = schema
  const text = {
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
  }
  return { ...text, anyOf: [...(form.anyOf ?? [form]), { type: 'null' }] }
}

const namesOf = ({ patternProperties = {} }: SchemaNode): EditorSchema => {
  const [pattern] = Object.keys(patternProperties)
  return pattern === undefined || pattern === '^(.*)$' ? {} : { propertyNames: { pattern } }
}

const writtenDefault = (node: SchemaNode): EditorSchema =>
  node.default === undefined || (typeof node.default === 'object' && Object.keys(Object(node.default)).length === 0)
    ? {}
    : { default: node.default }

const unique = (forms: EditorSchema[]): EditorSchema[] => [
  ...new Map(forms.map((form) => [JSON.stringify(form), form])).values(),
]

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]]))) as Pick<T, K>
}
