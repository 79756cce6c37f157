/** What a module of ours does to V8's memory, seen in a process of its own. */
import { execFileSync } from 'node:child_process'
import { buildSync } from 'esbuild'

/** Lines that make a lot which outlives its collections, and return the bytes of the young space then. */
export const FILL_YOUNG_SPACE = `
  const kept = []
  for (let n = 0; n < 400_000; n++) {
    kept.push({ text: 'n' + n })
    if (kept.length > 50_000) kept.length = 0
  }
  const spaces = require('node:v8').getHeapSpaceStatistics()
  return spaces.find(({ space_name }) => space_name === 'new_space').space_size`

/** Milliseconds. */
const LONGEST_MS = 30_000

interface V8Process {
  /** Path of a source file; its exports are there for the lines. */
  module: string
  /** Body of an async function. */
  lines: string
  /** Of Node.js. */
  options?: readonly string[]
}

/** Answers the JSON of what the lines return. */
export function runInProcess<T>({ module, lines, options = [] }: V8Process): T {
  const { outputFiles } = buildSync({
    entryPoints: [module],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
  })
  const program = `${outputFiles[0]!.text}
    void (async () => { ${lines} })().then((value) => process.stdout.write(JSON.stringify(value)))`
  return JSON.parse(
    execFileSync(process.execPath, [...options, '-e', program], { encoding: 'utf8', timeout: LONGEST_MS }),
  ) as T
}
