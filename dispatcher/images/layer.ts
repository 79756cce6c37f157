/** One layer of an image as a compressed archive: the same content gives the same bytes, whenever and by whomever it is made. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pack, type Header, type Pack } from 'tar-stream'

/** Something at an absolute path in an image; folders above it are made, open to everyone. */
export type LayerFile = { path: string; /** Default: 0o644, for a folder 0o755. */ mode?: number } & (
  | { content: Buffer | string }
  /** Path of a file on this machine. */
  | { file: string }
  /** Target of a symbolic link. */
  | { link: string }
  /** A folder, and the number of the user who owns it. */
  | { owner: number }
)

/** A layer on this machine's disk, and how registries and images call it. */
export interface LayerBlob {
  /** Of the compressed archive. */
  digest: string
  /** Of the archive itself. */
  diffId: string
  /** Bytes of the compressed archive. */
  size: number
  /** Bytes of the archive itself. */
  unpackedBytes: number
  /** Path of the compressed archive. */
  file: string
}

/** Half of what level 9 takes, for 3 % more bytes; always the same, as it shows in the digest. */
const GZIP_LEVEL = 5

/** Writes the layer to a file. What it holds is never in memory as a whole. */
export async function writeLayer(files: readonly LayerFile[], to: string): Promise<LayerBlob> {
  const archive = pack()
  const [inside, outside] = [new Seen(), new Seen()]
  const written = pipeline(
    archive,
    inside.passing(),
    createGzip({ level: GZIP_LEVEL }),
    outside.passing(),
    createWriteStream(to),
  )
  await Promise.all([written, fill(archive, inOrder(files)).catch((error: Error) => archive.destroy(error))])
  const { bytes: size } = outside
  return { digest: outside.digest(), diffId: inside.digest(), size, unpackedBytes: inside.bytes, file: to }
}

/** What has passed through a stream. */
class Seen {
  bytes = 0
  readonly #hash = createHash('sha256')

  passing(): Transform {
    const see = (chunk: Buffer) => {
      this.#hash.update(chunk)
      this.bytes += chunk.length
    }
    return new Transform({
      transform(chunk: Buffer, _encoding, done) {
        see(chunk)
        done(null, chunk)
      },
    })
  }

  /** Once. */
  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`
  }
}

/** Parents before what is in them, each path once. */
function inOrder(files: readonly LayerFile[]): LayerFile[] {
  const byPath = new Map<string, LayerFile>()
  for (const file of files) for (const path of foldersAbove(checked(file.path))) byPath.set(path, { path, owner: 0 })
  for (const file of files) byPath.set(file.path, file)
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function checked(path: string): string {
  if (/^(\/(?!\.{1,2}(\/|$))[^/]+)+$/.test(path)) return path
  throw new Error(`a layer holds absolute paths without . and .., got ${path}`)
}

function foldersAbove(path: string): string[] {
  const above = dirname(path)
  return above === '/' ? [] : [above, ...foldersAbove(above)]
}

async function fill(archive: Pack, files: readonly LayerFile[]): Promise<void> {
  for (const file of files) await add(archive, file)
  archive.finalize()
}

async function add(archive: Pack, file: LayerFile): Promise<void> {
  if ('file' in file) return addStream(archive, headerOf(file, { size: (await stat(file.file)).size }), file.file)
  if ('link' in file) return addEntry(archive, headerOf(file, { type: 'symlink', linkname: file.link, mode: 0o777 }))
  if ('owner' in file)
    return addEntry(
      archive,
      headerOf(file, { type: 'directory', uid: file.owner, gid: file.owner, mode: file.mode ?? 0o755 }),
    )
  return addEntry(archive, headerOf(file), file.content)
}

/** Nobody's name and no time: they would make the same content another layer. */
const headerOf = (
  { path, mode = 0o644 }: LayerFile,
  more: Partial<Header> = {},
): Partial<Header> & { name: string } => ({
  name: path.slice(1),
  mode,
  uid: 0,
  gid: 0,
  mtime: new Date(0),
  ...more,
})

const addEntry = (archive: Pack, header: ReturnType<typeof headerOf>, content: Buffer | string = '') =>
  new Promise<void>((resolve, reject) => {
    archive.entry(header, content, (error) => (error ? reject(error) : resolve()))
  })

async function addStream(archive: Pack, header: ReturnType<typeof headerOf>, path: string): Promise<void> {
  const entry = archive.entry(header) as unknown as NodeJS.WritableStream
  await pipeline(createReadStream(path, { highWaterMark: READ_BYTES }), entry)
}

const READ_BYTES = 256 * 1024
