/** Results into a local directory: sub-directories kept, each file whole or not at all, and none outside of it. */
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, realpath, rename, rm } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { asError, SpillwayError } from '../../runtime/contract/errors.js'
import { outputKey } from '../../runtime/contract/filters.js'
import type { OutputRule } from '../../runtime/contract/function-spec.js'
import type { PublishedOutput } from '../../runtime/contract/outcome.js'
import type { InvocationEnd } from './invoker.js'

/** Resolves to the paths of the files, in the order in which they were written. */
export async function saveResults(
  { id, result, outputs }: InvocationEnd,
  { directory, rules }: { directory: string; rules: readonly OutputRule[] },
): Promise<string[]> {
  const files = new Map<string, () => Promise<Readable>>()
  if (result) files.set(`${id}.result`, async () => Readable.from([Buffer.from(result.body, result.encoding)]))
  // One file that several outputs took is the same in all of them.
  for (const output of outputs) files.set(resultName(output, rules), () => output.open())
  const saved: string[] = []
  for (const [name, open] of files) saved.push(await saveFile(directory, name, open))
  return saved
}

/** The path that it had below the script's output directory. */
export function resultName(output: PublishedOutput, rules: readonly OutputRule[]): string {
  const names = rules
    .filter(({ storage, bucket }) => storage === output.storage && bucket === output.bucket)
    .map((rule) => outputKey(rule, ''))
    .filter((prefix) => output.key.startsWith(prefix) && output.key !== prefix)
    .map((prefix) => output.key.slice(prefix.length))
  // The most of the key that a rule accounts for; a release of other rules leaves the whole key.
  return names.sort((a, b) => a.length - b.length)[0] ?? output.key
}

async function saveFile(directory: string, name: string, open: () => Promise<Readable>): Promise<string> {
  const parts = name.split('/')
  if (parts.some(isImproper)) throw outside(name, directory)
  const path = join(directory, ...parts)
  const folder = dirname(path)
  const unfinished = join(folder, `.${randomUUID()}.part`)
  try {
    await mkdir(folder, { recursive: true })
    const [root, real] = await Promise.all([realpath(directory), realpath(folder)])
    if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep)) throw outside(name, directory)
    await pipeline(await open(), createWriteStream(unfinished, { flags: 'wx' }))
    await rename(unfinished, path)
    return path
  } catch (cause) {
    await rm(unfinished, { force: true })
    if (cause instanceof SpillwayError) throw cause
    throw new SpillwayError('internal', `${path} cannot be written: ${asError(cause).message}`, {}, { cause })
  }
}

const isImproper = (part: string) =>
  part === '' || part === '.' || part === '..' || /[\0]/.test(part) || part.includes(sep)

const outside = (name: string, directory: string) =>
  new SpillwayError(
    'output-refused',
    `The result ${JSON.stringify(name)} would lie outside of ${directory}; it was not downloaded.`,
  )
