/**
 * The runtime kit: this machine's Node.js with its libraries and their loader, and the supervisor. Mounted into a
 * container it runs there whatever the image has: another libc, an older one, or none.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'

export interface Kit {
  /** Absolute path of the directory to mount. */
  directory: string
  /** Name of the loader in its `lib`. */
  loader: string
}

export interface KitParts {
  /** Path of the program that is to be node. */
  node: string
  /** Path of the bundled supervisor. */
  supervisor: string
  /** Where kits are kept. */
  parent: string
}

/** What an older glibc loads only when it looks up a name. */
const LOADED_LATER = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2']

/** Built once for the same node and supervisor; those of others are removed. */
export async function buildKit(parts: KitParts): Promise<Kit> {
  const libraries = await librariesOf(parts.node)
  const loader = libraries.find((path) => basename(path).startsWith('ld-'))
  if (loader === undefined) throw new Error(`${parts.node} names no loader among its libraries`)
  const directory = join(parts.parent, await fingerprint([parts.node, parts.supervisor, ...libraries]))
  if (!existsSync(directory)) await lay(directory, parts, libraries)
  return { directory, loader: basename(loader) }
}

async function lay(directory: string, { node, supervisor, parent }: KitParts, libraries: string[]): Promise<void> {
  const draft = `${directory}.${process.pid}.draft`
  await rm(draft, { recursive: true, force: true })
  for (const folder of ['', 'bin', 'lib']) await makeFolder(join(draft, folder))
  await place(node, join(draft, 'bin', 'node'))
  await place(supervisor, join(draft, 'supervisor.cjs'))
  for (const path of libraries) await place(path, join(draft, 'lib', basename(path)))
  const others = (await readdir(parent)).filter((name) => !name.endsWith('.draft'))
  await rename(draft, directory).catch(() => rm(draft, { recursive: true, force: true }))
  await Promise.all(others.map((name) => rm(join(parent, name), { recursive: true, force: true })))
}

/** Whatever the umask: the user of an image must be able to read it. */
async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true })
  await chmod(path, 0o755)
}

async function place(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  await chmod(to, 0o755)
}

/** Paths of the loader and of every library that a program is linked with. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ldd', [program])
  const paths = parseLdd(stdout)
  const libc = paths.find((path) => basename(path).startsWith('libc.'))
  const later = libc ? LOADED_LATER.map((name) => join(dirname(libc), name)).filter((path) => existsSync(path)) : []
  return [...new Set([...paths, ...later])]
}

/** Lines are `name => path (address)`, or `path (address)` for the loader; the kernel's own library has no path. */
export const parseLdd = (output: string): string[] =>
  output.split('\n').flatMap((line) => /^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/.exec(line)?.[1] ?? [])

/** Of the supervisor its content counts, of what the system installed size and time will do. */
async function fingerprint(paths: string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const path of paths) {
    const { size, mtimeMs } = await stat(path)
    hash.update(path.endsWith('.cjs') ? await readFile(path) : `${path} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex').slice(0, 32)
}
