/** Everything about a function's files that would keep them from being packaged, without reading one. */
import { lstatSync, realpathSync, statSync } from 'node:fs'
import { join, posix, relative, sep } from 'node:path'
import { PACKAGE_BYTES_MAX } from '../runtime/contract/dispatcher-api.js'
import type { Problem } from '../runtime/contract/problem.js'
import { formatBytes } from '../runtime/contract/units.js'
import { findFiles } from './find-files.js'
import { packagedPaths, type Sources } from './package.js'

/** `path` is that of the function. What lies outside by its very name is the spec's own problem. */
export function fileProblems(directory: string, sources: Sources, path: string): Problem[] {
  const places = [
    ...(sources.script === undefined ? [] : [{ place: `${path}.script`, written: sources.script, isGlob: false }]),
    ...sources.files.map((written, index) => ({ place: `${path}.files[${index}]`, written, isGlob: true })),
  ].filter(({ written }) => staysInside(written))
  const problems = places.flatMap(({ place, written, isGlob }) => {
    const found = isGlob ? findFiles(directory, written) : [posix.normalize(written)]
    return found.length === 0 ? [nothingFound(place, written)] : complaints(directory, found, { place, written })
  })
  return problems.length === 0 && places.length > 0
    ? sizeProblems(
        directory,
        places.map(({ written }) => written),
        path,
      )
    : problems
}

const staysInside = (written: string) => !written.startsWith('/') && !written.split('/').includes('..')

const nothingFound = (path: string, value: string): Problem => ({
  path,
  expected: 'matches no file',
  value,
  fix: 'Write a path or glob relative to serverless.yml.',
})

function complaints(
  directory: string,
  found: string[],
  { place, written }: { place: string; written: string },
): Problem[] {
  return found.flatMap((file): Problem[] => {
    const expected = complaint(directory, file)
    return expected ? [{ path: place, expected, value: file === posix.normalize(written) ? written : file }] : []
  })
}

function complaint(directory: string, path: string): string | undefined {
  const file = join(directory, path)
  if (!lstatSync(file, { throwIfNoEntry: false })) return 'does not exist'
  const target = statSync(file, { throwIfNoEntry: false })
  if (!target) return 'is a link to nothing'
  const inside = relative(realpathSync(directory), realpathSync(file))
  if (inside === '..' || inside.startsWith(`..${sep}`)) return 'is a link that leads out of the service directory'
  return target.isFile() ? undefined : 'must be a file'
}

function sizeProblems(directory: string, files: string[], path: string): Problem[] {
  const bytes = packagedPaths(directory, { files }).reduce((sum, file) => sum + statSync(join(directory, file)).size, 0)
  if (bytes <= PACKAGE_BYTES_MAX) return []
  return [
    {
      path: `${path}.files`,
      expected: `must be at most ${formatBytes(PACKAGE_BYTES_MAX)} together with the script, not ${formatBytes(bytes)}`,
      fix: 'Put large files into the image or a bucket.',
    },
  ]
}
