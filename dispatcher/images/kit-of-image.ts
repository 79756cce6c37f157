/** The runtime kit that is in an image of ours, as `spillway image push` makes one, as a directory on this machine. */
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { kitIn } from './kit.js'
import { KIT_DIRECTORY } from './kit-command.js'
import type { Descriptor } from './manifest.js'
import { formatReference } from './reference.js'
import type { Registry } from './registry/registry.js'
import type { ResolvedImage } from './resolve-image.js'

export interface KitOfImage {
  image: Pick<ResolvedImage, 'reference' | 'manifest'>
  registry: Registry
  /** Where such kits are kept, by digest of their image. */
  parent: string
  signal: AbortSignal
}

/** Read once; answers its directory. */
export async function kitOfImage({ image, registry, parent, signal }: KitOfImage): Promise<string> {
  const { reference, manifest } = image
  const directory = join(parent, reference.digest!.replace(/^sha256:/, ''))
  if (await kitIn(directory)) return directory
  const draft = join(parent, `${randomUUID()}.draft`)
  try {
    for (const layer of manifest.layers) {
      if (await kitIn(draft)) break
      await unpack(await registry.openBlob(reference.repository, layer, signal), draft, layer)
    }
    if (!(await kitIn(draft))) throw noKit(formatReference(reference))
    // Another process may have made the same one meanwhile.
    await rename(draft, directory).catch(() => undefined)
    return directory
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** The parts of a kit, and nothing that could lead elsewhere. */
const PATH = new RegExp(`^(?:\\./)?${KIT_DIRECTORY.slice(1)}/((?:bin|lib)/\\w[\\w.+-]*|supervisor\\.cjs)$`)

async function unpack(blob: AsyncIterable<Uint8Array>, to: string, { mediaType }: Descriptor): Promise<void> {
  const entries = extract()
  const source = Readable.from(blob)
  const written = mediaType.endsWith('gzip') ? pipeline(source, createGunzip(), entries) : pipeline(source, entries)
  const kept = (async () => {
    for await (const entry of entries) {
      const { name, type } = entry.header
      const path = PATH.exec(name)?.[1]
      if (type === 'file' && path) await keep(entry as unknown as Readable, join(to, path))
      else entry.resume()
    }
  })()
  await Promise.all([written, kept])
}

async function keep(content: Readable, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await pipeline(content, createWriteStream(path, { mode: 0o755 }))
}

const noKit = (name: string) =>
  new SpillwayError(
    'image-refused',
    `${name} holds no runtime kit. Name an image that \`spillway image push\` has pushed.`,
  )
