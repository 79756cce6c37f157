/** A schema as whoever walks it sees it: JSON schema and the words of `schema`. */
import type { Shorthand } from './schema.js'

export interface SchemaNode {
  description?: string
  unit?: string
  default?: unknown
  defaultText?: string
  shorthand?: Shorthand
  type?: string
  enum?: readonly string[]
  pattern?: string
  minLength?: number
  minimum?: number
  exclusiveMinimum?: number
  maximum?: number
  properties?: Readonly<Record<string, SchemaNode>>
  patternProperties?: Readonly<Record<string, SchemaNode>>
  required?: readonly string[]
  items?: SchemaNode
  minItems?: number
  uniqueItems?: boolean
}

/** What a map from names of the user's own holds; undefined for everything else. */
export const namedChild = (node: SchemaNode): SchemaNode | undefined => Object.values(node.patternProperties ?? {})[0]

/** True where a person has to write the key: no default is written down, and none is computed. */
export function isRequired(parent: SchemaNode, key: string): boolean {
  const child = parent.properties?.[key]
  const listed = parent.required?.includes(key) ?? false
  return listed && child?.default === undefined && child?.defaultText === undefined
}
