/** The script and files of a release as one document: what the database keeps and a back-end unpacks. */
import { posix } from 'node:path'
import type { PackagedFile } from '../runtime/contract/dispatcher-api.js'
import type { FunctionSpec } from '../runtime/contract/function-spec.js'
import type { Problem } from '../runtime/contract/problem.js'

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
    ...files
      .filter(({ path }) => !isInside(path))
      .map(({ path }) => ({
        path: `${name}.files`,
        expected: 'must have relative paths without . and .. segments',
        value: path,
      })),
  ]
}

const isInside = (path: string) =>
  path !== '' &&
  !path.includes('\0') &&
  !path.startsWith('/') &&
  path.split('/').every((part) => !['', '.', '..'].includes(part))
