/** The few kinds of field that specs and configuration are made of: JSON schema plus what people may write instead. */
import { Type, type SchemaOptions, type TSchema } from '@sinclair/typebox'

/** What may be written in place of the normal form; `readWith` turns it into the normal form. */
export type Shorthand = 'seconds' | 'megabytes' | 'location' | 'list' | 'count' | 'fixed-budget' | 'text'

export interface FieldOptions extends SchemaOptions {
  description: string
  /** Unit of a plain number. */
  unit?: string
  /** Shown in the docs where the default is computed. */
  defaultText?: string
  /** What to do when the value is refused. */
  hint?: string
  shorthand?: Shorthand
  minimum?: number
  exclusiveMinimum?: number
  maximum?: number
}

export const seconds = (options: FieldOptions) =>
  Type.Number({
    exclusiveMinimum: 0,
    unit: 's',
    shorthand: 'seconds',
    hint: 'Write seconds (300) or a duration (90s, 20m, 1h).',
    ...options,
  })

export const megabytes = (options: FieldOptions) =>
  Type.Integer({
    minimum: 1,
    unit: 'MB',
    shorthand: 'megabytes',
    hint: 'Write MB (1024) or a size (512Mi, 2Gi).',
    ...options,
  })

export const text = (options: FieldOptions) => Type.String({ minLength: 1, ...options })

/** Unknown keys are refused: most of them are misspelt. */
export const object = <T extends Record<string, TSchema>>(properties: T, options: FieldOptions) =>
  Type.Object(properties, { additionalProperties: false, ...options })

export const oneOf = <const T extends readonly string[]>(values: T, options: FieldOptions) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options })
