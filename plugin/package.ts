/** The script and the extra files of a function, from the service directory; the same files give the same package. */
import { readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { PackagedFile } from '../runtime/contract/dispatcher-api.js'
import type { FunctionSpec } from '../runtime/contract/function-spec.js'
import { findFiles } from './find-files.js'

/** What a function says about its files. */
export type Sources = Pick<FunctionSpec, 'script' | 'files'>

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

/** Only "may be run" is kept, so that the umask of a machine makes no new release. */
const permissions = (file: string) => ((statSync(file).mode & 0o111) !== 0 ? 0o755 : 0o644)
