/** The product's own source files, and what each imports. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, resolve } from 'node:path'

export const REPOSITORY = resolve(__dirname, '..', '..')

export interface Source {
  /** Below the repository, e.g. `dispatcher/main.ts`. */
  path: string
  /** Without comments. */
  code: string
  /** Own files, as paths like the above; type imports count. */
  own: string[]
  /** Names of packages and of built-in modules. */
  foreign: string[]
}

const FLOORS = ['runtime', 'dispatcher', 'plugin']
const IMPORT = /(?<![.\w])(?:from|import|require)\s*\(?\s*'([^'\s]+)'/g

export const sources = (): Source[] => FLOORS.flatMap((floor) => filesBelow(floor)).map(readSource)

export const filesBelow = (folder: string): string[] =>
  readdirSync(join(REPOSITORY, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(REPOSITORY.length + 1))
    .sort()

function readSource(path: string): Source {
  const code = readFileSync(join(REPOSITORY, path), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const names = [...code.matchAll(IMPORT)].map(([, name]) => name!)
  const isOwn = (name: string) => name.startsWith('.')
  return {
    path,
    code,
    own: names.filter(isOwn).map((name) => normalize(join(dirname(path), name)).replace(/\.js$/, '.ts')),
    foreign: names.filter((name) => !isOwn(name)),
  }
}
