/** Manifests and configurations that were read before; what a digest stands for never changes. */
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Architecture } from './image-facts.js'
import { digestOf, type RegistryDocument } from './manifest.js'

/** As it came from the registry. */
export interface RawImage {
  /** Of the architecture. */
  manifest: RegistryDocument
  config: Buffer
  /** Of all images under that name. */
  architectures: Architecture[]
  /** The name stands for several images, one for each platform. */
  isIndex: boolean
}

interface Kept extends Omit<RawImage, 'manifest' | 'config'> {
  manifest: { mediaType: string; digest: string; body: string }
  config: string
}

export class ReadImages {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Undefined when it was not read yet, or what was kept is not whole. */
  async get(digest: string, architecture: Architecture): Promise<RawImage | undefined> {
    const text = await readFile(this.#fileOf(digest, architecture), 'utf8').catch(() => '')
    if (text === '') return undefined
    try {
      const { manifest, config, ...rest } = JSON.parse(text) as Kept
      const body = Buffer.from(manifest.body)
      if (digestOf(body) !== manifest.digest) return undefined
      return { ...rest, manifest: { ...manifest, body }, config: Buffer.from(config) }
    } catch {
      return undefined
    }
  }

  async keep(digest: string, architecture: Architecture, { manifest, config, ...rest }: RawImage): Promise<void> {
    const kept: Kept = { ...rest, manifest: { ...manifest, body: manifest.body.toString() }, config: config.toString() }
    await mkdir(this.#directory, { recursive: true })
    const file = this.#fileOf(digest, architecture)
    const draft = `${file}.${randomUUID()}`
    await writeFile(draft, JSON.stringify(kept))
    await rename(draft, file)
  }

  #fileOf(digest: string, architecture: Architecture): string {
    return join(this.#directory, `${digest.replace(':', '-')}-${architecture}.json`)
  }
}
