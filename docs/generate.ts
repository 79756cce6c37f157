/**
 * `npm run docs`: fills in the parts of the pages that are made from the code, between `<!-- generated: name -->` and
 * `<!-- end -->`. What stands around them is written by hand.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import prettier from 'prettier'
import { blocks } from './blocks.js'

export interface Page {
  path: string
  text: string
}

const BLOCK = /(<!-- generated: ([a-z-]+) -->\n)[\s\S]*?(<!-- end -->)/g

/** Every page of a folder as it should be. */
export async function generatedPages(directory: string): Promise<Page[]> {
  const made = blocks()
  const names = readdirSync(directory).filter((name) => name.endsWith('.md'))
  return Promise.all(names.map((name) => generatedPage(join(directory, name), made)))
}

async function generatedPage(path: string, made: Readonly<Record<string, string>>): Promise<Page> {
  const filled = readFileSync(path, 'utf8').replace(BLOCK, (_, start: string, name: string, end: string) => {
    const text = made[name]
    if (text === undefined)
      throw new Error(`${path}: there is no block ${name}; there are ${Object.keys(made).join(', ')}`)
    return `${start}\n${text}\n\n${end}`
  })
  return { path, text: await prettier.format(filled, { ...(await prettier.resolveConfig(path)), filepath: path }) }
}

async function main(): Promise<void> {
  for (const { path, text } of await generatedPages(__dirname))
    if (readFileSync(path, 'utf8') !== text) writeFileSync(path, text)
}

if (require.main === module) void main()
