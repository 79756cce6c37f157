/** Images of the tests for a cluster: made here, pushed to the registry from which it pulls. */
import { randomUUID } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { credentialsFromEnvironment } from '../../dispatcher/images/credentials/from-environment.js'
import { buildKit } from '../../dispatcher/images/kit.js'
import { parseRepository } from '../../dispatcher/images/reference.js'
import { Registry } from '../../dispatcher/images/registry/registry.js'
import { architectureOfHere, layerOf, type ImageConfig } from './containers/oci-image.js'
import { REPOSITORY } from './dispatcher-process.js'
import { makeImage } from './registry-image.js'

export class TestImages {
  /** Where all of them are, e.g. `registry.example.org/tests`. */
  readonly #place: string
  /** A registry of somebody else may have those of earlier runs. */
  readonly #tag = randomUUID().slice(0, 8)
  readonly #made = new Map<string, Promise<string>>()

  constructor(place: string) {
    this.#place = place
  }

  /** Where derived images are kept. */
  get derived(): string {
    return `${this.#place}/derived`
  }

  /** Makes it once; answers its reference. */
  image(name: string, fill: (root: string) => void, config: ImageConfig = {}): Promise<string> {
    const image = this.#made.get(name) ?? this.#make(name, fill, config)
    this.#made.set(name, image)
    return image
  }

  /** Holds the runtime kit of this machine, for the ways in which the registry has no part. */
  kit(): Promise<string> {
    const image = this.#made.get('kit') ?? this.#makeKit()
    this.#made.set('kit', image)
    return image
  }

  async #makeKit(): Promise<string> {
    const parent = mkdtempSync(join(tmpdir(), 'spillway-kit-'))
    try {
      const supervisor = join(REPOSITORY, 'dist/runtime/supervisor.cjs')
      const { directory } = await buildKit({ node: process.execPath, supervisor, parent })
      const fill = (root: string) => cpSync(directory, join(root, 'opt/spillway'), { recursive: true })
      return await this.#make('kit', fill, {})
    } finally {
      rmSync(parent, { recursive: true, force: true })
    }
  }

  async #make(name: string, fill: (root: string) => void, config: ImageConfig): Promise<string> {
    const directory = mkdtempSync(join(tmpdir(), 'spillway-image-'))
    try {
      const root = join(directory, 'root')
      mkdirSync(root)
      fill(root)
      return await this.#push(name, layerOf(root), config)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }

  async #push(name: string, layer: Buffer, config: ImageConfig): Promise<string> {
    const whole = `${this.#place}/${name}`
    const { registry: host, repository } = parseRepository(whole)
    const now = () => Date.now()
    const registry = new Registry({ registry: host, credentials: credentialsFromEnvironment(process.env, now), now })
    const about = { architecture: architectureOfHere(), config }
    await makeImage({ registry, repository, tag: this.#tag, layers: [layer], config: about })
    return `${whole}:${this.#tag}`
  }
}
