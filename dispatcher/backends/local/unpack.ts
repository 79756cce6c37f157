/** Lays a release's packaged files out on disk, once, under the digest of their content. */
import { chmod, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PackagedFile } from '../../../runtime/contract/dispatcher-api.js'

/** Resolves to the directory that holds the files. */
export async function unpack(files: readonly PackagedFile[], digest: string, parent: string): Promise<string> {
  const directory = join(parent, digest.replace(/^sha256:/, '').slice(0, 32))
  if (await exists(directory)) return directory
  const draft = `${directory}.${process.pid}.draft`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { recursive: true })
  for (const { path, mode, data } of files) await place(join(draft, path), mode, data)
  await rename(draft, directory).catch((error: unknown) => ignoreIfThere(error, draft))
  return directory
}

async function place(path: string, mode: number, data: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, Buffer.from(data, 'base64'))
  await chmod(path, mode | 0o400)
}

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
