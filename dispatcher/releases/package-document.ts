/** The script and files of a release as one document: what the database keeps and a back-end unpacks. */
import { posix } from 'node:path'
import type { PackagedFile } from '../../runtime/contract/dispatcher-api.js'
import type { FunctionSpec } from '../../runtime/contract/function-spec.js'
import type { Problem } from '../../runtime/contract/problem.js'
import { FILE_NAME_BYTES_MAX } from '../../runtime/contract/worker-environment.js'

/** The same files give the same bytes, in whatever order they come. */
export function encodePackage(files: readonly PackagedFile[]): Buffer {
  const sorted = [...files]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, mode, data }) => ({ path, mode, data }))
  return Buffer.from(JSON.stringify(sorted))
}

export const decodePackage = (content: Buffer): PackagedFile[] => JSON.parse(content.toString('utf8')) as PackagedFile[]

export function packageProblems(spec: FunctionSpec, files: readonly PackagedFile[], name: string): Problem[] {
  const missing = spec.script !== undefined && !files.some(({ path }) => path === posix.normalize(spec.script!))
  return [
    ...(missing
      ? [
          {
            path: `${name}.script`,
            expected: 'must be among the packaged files',
            value: spec.script,
            fix: 'Send its content under `files`.',
          },
        ]
      : []),
    ...pathProblems(files).map(({ path, expected }) => ({ path: `${name}.files`, expected, value: path })),
  ]
}

function pathProblems(files: readonly PackagedFile[]): { path: string; expected: string }[] {
  const paths = new Set(files.map(({ path }) => path))
  const seen = new Set<string>()
  return files.flatMap(({ path }) => {
    const isFolderToo = foldersOf(path).some((folder) => paths.has(folder))
    const expected = pathProblem(path, seen.has(path) || isFolderToo)
    seen.add(path)
    return expected ? [{ path, expected }] : []
  })
}

function pathProblem(path: string, isTaken: boolean): string | undefined {
  if (!isInside(path)) return 'must have relative paths without . and .. segments'
  if (path.split('/').some((part) => Buffer.byteLength(part) > FILE_NAME_BYTES_MAX))
    return `must have names of at most ${FILE_NAME_BYTES_MAX} bytes`
  return isTaken ? 'must have each path once, as a file or as a folder' : undefined
}

/** `a/b/c` -> `a`, `a/b` */
const foldersOf = (path: string): string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, depth, parts) => parts.slice(0, depth + 1).join('/'))

const isInside = (path: string) =>
  path !== '' &&
  !path.includes('\0') &&
  !path.startsWith('/') &&
  path.split('/').every((part) => !['', '.', '..'].includes(part))
