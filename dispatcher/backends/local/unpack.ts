/** Lays a release's packaged files out on disk, once, under the digest of their content. */
import { randomUUID } from 'node:crypto'
import { chmod, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PackagedFile } from '../../../runtime/contract/dispatcher-api.js'

/** Resolves to the directory that holds the files. */
export async function unpack(files: readonly PackagedFile[], digest: string, parent: string): Promise<string> {
  const directory = join(parent, digest.replace(/^sha256:/, '').slice(0, 32))
  if (await exists(directory)) return directory
  // Of this call alone: several workers of a release start at the same time.
  const draft = `${directory}.${randomUUID()}.draft`
  await mkdir(draft, { recursive: true })
  for (const { path, mode, data } of files) await place(join(draft, path), mode, data)
  for (const folder of foldersOf(files)) await chmod(join(draft, folder), 0o755)
  await rename(draft, directory).catch((error: unknown) => ignoreIfThere(error, draft))
  return directory
}

async function place(path: string, mode: number, data: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  // Flushed before its folder gets its name: after a power cut a release is whole or not there.
  await writeFile(path, Buffer.from(data, 'base64'), { flush: true })
  await chmod(path, forEveryone(mode))
}

/** Of all files, and the one that holds them all. */
const foldersOf = (files: readonly PackagedFile[]): Set<string> =>
  new Set([
    '',
    ...files.flatMap(({ path }) => path.split('/').map((_, depth, parts) => parts.slice(0, depth).join('/'))),
  ])

/** The user of an image is somebody else than who started the dispatcher. */
const forEveryone = (mode: number) => mode | 0o444 | (mode & 0o100 ? 0o111 : 0)

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

/** Somebody else laid out the same files in the meantime. */
async function ignoreIfThere(error: unknown, draft: string): Promise<void> {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  await rm(draft, { recursive: true, force: true })
}
