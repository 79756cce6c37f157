/** The TypeScript types of what people may write, for services that are configured in serverless.ts. */
import type { EditorSchema } from './editor-schema.js'
import { DURATION_OR_SECONDS_PATTERN, SIZE_OR_MEGABYTES_PATTERN } from './units.js'

export interface NamedType {
  name: string
  schema: EditorSchema
}

/** Texts that the compiler can check; any other pattern is left to the plugin. */
const TEXTS: Readonly<Record<string, string>> = {
  [DURATION_OR_SECONDS_PATTERN]: 'Duration',
  [SIZE_OR_MEGABYTES_PATTERN]: 'Size',
}

const PREAMBLE = `/** A variable of the framework, e.g. \${env:NAME}. */
export type Variable = \`\${string}\\\${\${string}\`
/** \`90s\`, \`20m\`, \`1h\`, or a number of seconds as text. */
export type Duration = \`\${number}\${'' | 'ms' | 's' | 'm' | 'h' | 'd'}\`
/** \`512Mi\`, \`2Gi\`, or a number of MB as text. */
export type Size = \`\${number}\${'' | 'Mi' | 'Gi' | 'Ti'}\`
`

export const editorTypes = (types: readonly NamedType[]): string =>
  [
    PREAMBLE,
    ...types.map(({ name, schema }) => `${comment(schema, '')}export type ${name} = ${typeOf(schema, '')}\n`),
  ].join('\n')

function typeOf(schema: EditorSchema, indent: string): string {
  if (schema.$ref) return 'Variable'
  if (schema.anyOf) return unionOf(schema.anyOf, indent)
  if (schema.enum) return schema.enum.map((value) => `'${value}'`).join(' | ')
  if (schema.items) return `ReadonlyArray<${typeOf(schema.items, indent)}>`
  if (schema.properties) return mapOf(schema, indent)
  if (typeof schema.additionalProperties === 'object')
    return `Readonly<Record<string, ${typeOf(schema.additionalProperties, indent)}>>`
  return PLAIN[schema.type ?? ''] ?? (TEXTS[schema.pattern ?? ''] || (schema.type === 'string' ? 'string' : 'unknown'))
}

const PLAIN: Readonly<Record<string, string>> = {
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  object: 'Readonly<Record<string, unknown>>',
}

/** Nothing behind a key is a matter of YAML. */
const unionOf = (forms: readonly EditorSchema[], indent: string): string =>
  [...new Set(forms.filter(({ type }) => type !== 'null').map((form) => typeOf(form, indent)))].join(' | ')

function mapOf({ properties = {}, required = [] }: EditorSchema, indent: string): string {
  const inside = `${indent}  `
  const lines = Object.entries(properties).map(
    ([key, schema]) =>
      `${comment(schema, inside)}${inside}${key}${required.includes(key) ? '' : '?'}: ${typeOf(schema, inside)}\n`,
  )
  return `{\n${lines.join('')}${indent}}`
}

function comment({ description, default: preset }: EditorSchema, indent: string): string {
  const text = [description, ...(preset === undefined ? [] : [`default: ${JSON.stringify(preset)}`])].join('; ')
  return text === '' ? '' : `${indent}/** ${text.replaceAll('*/', '* /')} */\n`
}
