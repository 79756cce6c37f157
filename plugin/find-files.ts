/** Files below a directory by path, folder or glob; never what version control, npm, the framework or we keep there. */
import { lstatSync, readdirSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import picomatch from 'picomatch'

const IGNORED: readonly string[] = ['.git', 'node_modules', '.serverless', '.spillway']

/** Paths relative to `directory`, with `/`, sorted. A folder stands for all that is in it; links to folders are not followed. */
export function findFiles(directory: string, pattern: string): string[] {
  const normal = posix.normalize(pattern).replace(/\/$/, '')
  if (isFolder(join(directory, normal))) return walk(directory, normal === '.' ? '' : normal).sort()
  if (lstatSync(join(directory, normal), { throwIfNoEntry: false })) return [normal]
  const { base } = picomatch.scan(normal)
  const matches = picomatch(normal, { dot: true })
  return walk(directory, base)
    .filter((path) => matches(path))
    .sort()
}

function walk(directory: string, below: string): string[] {
  if (!isFolder(join(directory, below))) return []
  return readdirSync(join(directory, below), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(below, entry.name)
    if (entry.isDirectory()) return IGNORED.includes(entry.name) ? [] : walk(directory, path)
    return entry.isSymbolicLink() && isFolder(join(directory, path)) ? [] : [path]
  })
}

const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
