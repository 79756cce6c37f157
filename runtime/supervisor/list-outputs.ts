/** What a script left below its output directory. */
import type { Dirent } from 'node:fs'
import { isUtf8 } from 'node:buffer'
import { promises as fs } from 'node:fs'
import { join, sep } from 'node:path'
import { AttemptFailure } from './attempt-failure.js'

export interface LeftFile {
  /** Path below the output directory, with `/`. */
  name: string
  /** Where its content is; behind a link, the place that the link leads to. */
  path: string
  /** bytes */
  size: number
  /** False where moving it away could take content from another name. */
  mayMove: boolean
}

interface Walk {
  /** Links may lead anywhere below this directory. */
  boundary: string
  files: LeftFile[]
  /** One file may then be met under two names. */
  hasLinks: boolean
}

interface Place {
  path: string
  name: string
  /** Real paths of the directories that lead here; a link back to one of them would never end. */
  ancestors: readonly string[]
}

/** Sorted by name. A link out of the workspace, or what is no file, is refused by name. */
export async function listOutputs(outputDirectory: string, workspaceRoot: string): Promise<LeftFile[]> {
  if ((await fs.readdir(outputDirectory)).length === 0) return []
  const walk: Walk = { boundary: await fs.realpath(workspaceRoot), files: [], hasLinks: false }
  await walkDirectory(walk, { path: outputDirectory, name: '', ancestors: [] })
  const files = walk.hasLinks ? walk.files.map((file) => ({ ...file, mayMove: false })) : walk.files
  return files.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function walkDirectory(walk: Walk, { path, name, ancestors }: Place): Promise<void> {
  const real = await fs.realpath(path)
  if (ancestors.includes(real)) throw refused(name, 'is a link to a directory that it lies in')
  const inside = name === '' ? '' : `${name}/`
  for (const entry of await fs.readdir(path, { encoding: 'buffer', withFileTypes: true })) {
    const entryName = textOf(entry, inside)
    const place = { path: join(path, entryName), name: inside + entryName, ancestors: [...ancestors, real] }
    await visit(walk, entry, place)
  }
}

async function visit(walk: Walk, entry: Dirent<Buffer>, place: Place): Promise<void> {
  if (entry.isDirectory()) return walkDirectory(walk, place)
  if (entry.isSymbolicLink()) return follow(walk, place)
  if (!entry.isFile()) throw refused(place.name, 'is neither a file nor a directory')
  const { size, nlink } = await fs.stat(place.path)
  walk.files.push({ name: place.name, path: place.path, size, mayMove: nlink === 1 })
}

async function follow(walk: Walk, place: Place): Promise<void> {
  walk.hasLinks = true
  const target = await fs.realpath(place.path).catch(() => undefined)
  if (target === undefined) throw refused(place.name, 'is a link that leads nowhere')
  if (!target.startsWith(walk.boundary + sep))
    throw refused(place.name, `is a link that leads out of the workspace, to ${target}`)
  const status = await fs.stat(target)
  if (status.isDirectory()) return walkDirectory(walk, place)
  if (!status.isFile()) throw refused(place.name, 'is a link to something that is no file')
  walk.files.push({ name: place.name, path: target, size: status.size, mayMove: false })
}

function textOf({ name }: Dirent<Buffer>, inside: string): string {
  if (!isUtf8(name)) throw refused(inside + name.toString(), 'has a name that is not valid UTF-8')
  return name.toString()
}

const refused = (name: string, why: string) =>
  new AttemptFailure('output-refused', `the result ${name} ${why}; results are files below TMP_OUTPUT_DIR`)
