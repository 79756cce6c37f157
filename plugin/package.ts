/** The script and the extra files of a function, from the service directory; the same files give the same package. */
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { PackagedFile } from '../runtime/contract/dispatcher-api.js'
import type { FunctionSpec } from '../runtime/contract/function-spec.js'
import { findFiles } from './find-files.js'

/** What a function says about its files. */
export type Sources = Pick<FunctionSpec, 'script' | 'files'>

/** What `serverless package` writes about a file instead of its content. */
export interface FileFacts {
  path: string
  /** Permission bits. */
  mode: number
  sha256: string
  bytes: number
}

/** Paths with `/`, sorted, each once. */
export function packagedPaths(directory: string, { script, files }: Sources): string[] {
  const paths = files.flatMap((pattern) => findFiles(directory, pattern))
  return [...new Set(script === undefined ? paths : [posix.normalize(script), ...paths])].sort()
}

export const packageFiles = (directory: string, sources: Sources): PackagedFile[] =>
  packagedPaths(directory, sources).map((path) => {
    const file = join(directory, path)
    return { path, mode: permissions(file), data: readFileSync(file).toString('base64') }
  })

export function fileFacts({ path, mode, data }: PackagedFile): FileFacts {
  const content = Buffer.from(data, 'base64')
  return { path, mode, sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length }
}

/** Only "may be run" is kept, so that the umask of a machine makes no new release. */
const permissions = (file: string) => ((statSync(file).mode & 0o111) !== 0 ? 0o755 : 0o644)
