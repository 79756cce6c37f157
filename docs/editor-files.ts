/** `npm run build:editor`: what editors and compilers need to check a service, made from the one schema. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { editorSchema, ownFunction, spillwayBlock } from '../runtime/contract/editor-schema.js'
import { editorTypes } from '../runtime/contract/editor-types.js'

const DIST = resolve(__dirname, '..', 'dist')

/** File below dist -> its text. */
export const editorFiles = (): Record<string, string> => ({
  'schema.json': `${JSON.stringify(editorSchema())}\n`,
  'types.d.ts': editorTypes([
    { name: 'Spillway', schema: spillwayBlock() },
    { name: 'SpillwayFunction', schema: ownFunction() },
  ]),
})

if (require.main === module) {
  mkdirSync(DIST, { recursive: true })
  for (const [name, text] of Object.entries(editorFiles())) writeFileSync(join(DIST, name), text)
}
