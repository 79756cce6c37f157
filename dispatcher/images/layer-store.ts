/** Layers on this machine's disk: the runtime kit's is kept, as compressing it takes seconds; others go when they were used. */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Architecture } from './image-facts.js'
import { fingerprint, type Kit } from './kit.js'
import { filesOfKit } from './kit-files.js'
import { writeLayer, type LayerBlob, type LayerFile } from './layer.js'

export interface KitLayer {
  kit: Kit
  architecture: Architecture
  /** Path of the bundled supervisor. */
  supervisor: string
}

const ARCHIVE = 'layer.tar.gz'
const FACTS = 'layer.json'

export class LayerStore {
  readonly #directory: string
  /** By directory of the kit. */
  readonly #kits = new Map<string, Promise<LayerBlob>>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Made once for the same kit; that of an earlier kit of the architecture is removed. */
  ofKit(part: KitLayer): Promise<LayerBlob> {
    const { directory } = part.kit
    const known = this.#kits.get(directory)
    if (known) return known
    const making = this.#makeForKit(part)
    this.#kits.set(directory, making)
    making.catch(() => this.#kits.delete(directory))
    return making
  }

  /** For as long as `use` takes. */
  async withFiles<T>(files: readonly LayerFile[], use: (layer: LayerBlob) => Promise<T>): Promise<T> {
    const draft = await this.#draft()
    try {
      return await use(await writeLayer(files, join(draft, ARCHIVE)))
    } finally {
      await rm(draft, { recursive: true, force: true })
    }
  }

  async #makeForKit({ kit, architecture, supervisor }: KitLayer): Promise<LayerBlob> {
    const files = await filesOfKit(kit, supervisor)
    return this.#keep(`${architecture}-${await fingerprint(files.map(({ file }) => file))}`, files)
  }

  async #keep(name: string, files: readonly LayerFile[]): Promise<LayerBlob> {
    const directory = join(this.#directory, name)
    const kept = await readKept(directory)
    if (kept) return kept
    const draft = await this.#draft()
    try {
      const layer = await writeLayer(files, join(draft, ARCHIVE))
      await writeFile(join(draft, FACTS), JSON.stringify({ ...layer, file: ARCHIVE }), { flush: true })
      await this.#removeOthers(name)
      // Another process may have made the same one meanwhile.
      await rename(draft, directory).catch(() => undefined)
      return { ...layer, file: join(directory, ARCHIVE) }
    } finally {
      await rm(draft, { recursive: true, force: true })
    }
  }

  async #removeOthers(name: string): Promise<void> {
    const [architecture] = name.split('-')
    const others = (await readdir(this.#directory)).filter((other) => other.startsWith(`${architecture}-`))
    await Promise.all(others.map((other) => rm(join(this.#directory, other), { recursive: true, force: true })))
  }

  async #draft(): Promise<string> {
    const draft = join(this.#directory, `${randomUUID()}.draft`)
    await mkdir(draft, { recursive: true })
    return draft
  }
}

/** Undefined when there is none, less of it than was written, or one of which less is known. */
async function readKept(directory: string): Promise<LayerBlob | undefined> {
  try {
    const layer = JSON.parse(await readFile(join(directory, FACTS), 'utf8')) as LayerBlob
    const file = join(directory, layer.file)
    const isWhole = (await stat(file)).size === layer.size && Number.isSafeInteger(layer.unpackedBytes)
    return isWhole ? { ...layer, file } : undefined
  } catch {
    return undefined
  }
}
