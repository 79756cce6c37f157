/**
 * The runtime kit: this machine's Node.js with its libraries and their loader, and the supervisor. Put into a container
 * it runs there whatever the image has: another libc, an older one, or none.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { constants, createReadStream, existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { asError, SpillwayError } from '../../runtime/contract/errors.js'
import { programArchitecture } from './elf.js'

export interface Kit {
  /** Absolute path of the directory that becomes `KIT_DIRECTORY`. */
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

/** What an older glibc loads only when it looks up a name, and what add-ons of Node.js are linked with. */
const LOADED_LATER = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2', 'librt.so.1']

const START_MS = 30_000

/** Built once for the same node and supervisor; those of others are removed. */
export async function buildKit(parts: KitParts): Promise<Kit> {
  const around = await kitAround(parts)
  if (around) return around
  const libraries = await librariesOf(parts.node)
  const loader = basename(libraries.find(isLoader) ?? '')
  if (loader === '') throw cannotMove(parts.node, 'it names no loader among its libraries')
  const directory = join(parts.parent, await fingerprint([parts.node, parts.supervisor, ...libraries]))
  if (!existsSync(directory)) await lay({ directory, loader }, parts, libraries)
  return { directory, loader }
}

/** A directory that holds a kit, as this machine or another one built it; undefined when it does not. */
export async function kitIn(directory: string): Promise<Kit | undefined> {
  const libraries = await readdir(join(directory, 'lib')).catch(() => [])
  const loader = libraries.find(isLoader)
  const isWhole = loader && existsSync(join(directory, 'bin/node')) && existsSync(join(directory, 'supervisor.cjs'))
  return isWhole ? { directory, loader } : undefined
}

/** In the dispatcher's own image its Node.js is that of a kit already. */
async function kitAround({ node, supervisor }: KitParts): Promise<Kit | undefined> {
  const kit = await kitIn(dirname(dirname(node)))
  if (kit === undefined) return undefined
  const [theirs, ours] = await Promise.all([readFile(join(kit.directory, 'supervisor.cjs')), readFile(supervisor)])
  return theirs.equals(ours) ? kit : undefined
}

async function lay({ directory, loader }: Kit, parts: KitParts, libraries: string[]): Promise<void> {
  const draft = `${directory}.${process.pid}.draft`
  await rm(draft, { recursive: true, force: true })
  for (const folder of ['', 'bin', 'lib']) await makeFolder(join(draft, folder))
  await place(parts.node, join(draft, 'bin', 'node'))
  await place(parts.supervisor, join(draft, 'supervisor.cjs'))
  for (const path of libraries) await place(path, join(draft, 'lib', basename(path)))
  await tryOut({ directory: draft, loader }, parts.node)
  const others = (await readdir(parts.parent)).filter((name) => !name.endsWith('.draft'))
  await rename(draft, directory).catch(() => rm(draft, { recursive: true, force: true }))
  await Promise.all(others.map((name) => rm(join(parts.parent, name), { recursive: true, force: true })))
}

/** Started with nothing of the machine but what was taken along. */
async function tryOut({ directory, loader }: Kit, node: string): Promise<void> {
  const lib = join(directory, 'lib')
  const words = ['--library-path', lib, join(directory, 'bin/node'), '--version']
  try {
    await promisify(execFile)(join(lib, loader), words, { env: {}, timeout: START_MS })
  } catch (thrown) {
    await rm(directory, { recursive: true, force: true })
    throw cannotMove(node, `its copy does not start: ${asError(thrown).message.trim()}`)
  }
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
  if (!(await programArchitecture(program)))
    throw cannotMove(program, 'it is not a program of Linux for x86_64 or arm64')
  const own = await kitIn(dirname(dirname(program)))
  if (own) return (await readdir(join(own.directory, 'lib'))).map((name) => join(own.directory, 'lib', name))
  const { stdout } = await promisify(execFile)('ldd', [program]).catch((error: unknown) => {
    throw cannotMove(program, `ldd does not say what it is linked with: ${asError(error).message.trim()}`)
  })
  const paths = parseLdd(stdout)
  const libc = paths.find((path) => basename(path).startsWith('libc.'))
  const later = libc ? LOADED_LATER.map((name) => join(dirname(libc), name)).filter((path) => existsSync(path)) : []
  return [...new Set([...paths, ...later])]
}

/** Lines are `name => path (address)`, or `path (address)` for the loader; the kernel's own library has no path. */
export const parseLdd = (output: string): string[] =>
  output.split('\n').flatMap((line) => /^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/.exec(line)?.[1] ?? [])

const isLoader = (path: string) => basename(path).startsWith('ld-')

/** Of the supervisor its content counts, of what the system installed size and time will do, unless it has no time. */
export async function fingerprint(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const path of paths) {
    const { size, mtimeMs } = await stat(path)
    if (path.endsWith('.cjs') || mtimeMs <= 0)
      for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
    else hash.update(`${path} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex').slice(0, 32)
}

const cannotMove = (node: string, why: string) =>
  new SpillwayError(
    'not-available',
    `The Node.js ${node} cannot be taken along into containers: ${why}. Run the dispatcher with a Node.js for Linux as nodejs.org or a distribution builds it.`,
  )
