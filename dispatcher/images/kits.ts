/** Which kit goes into images of an architecture: this machine's own, or one that was brought along from another. */
import { join } from 'node:path'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { programArchitecture } from './elf.js'
import type { Architecture } from './image-facts.js'
import type { ImagesOptions } from './images.js'
import { buildKit, kitIn, type Kit } from './kit.js'

type KitsOptions = Pick<ImagesOptions, 'node' | 'supervisor' | 'kits' | 'kitImages' | 'cacheDirectory'>

/** Gets the kit out of an image; answers its directory. */
type Unpack = (image: string, architecture: Architecture) => Promise<string>

export class Kits {
  readonly #options: KitsOptions
  readonly #unpack: Unpack | undefined
  readonly #built = new Map<Architecture, Promise<Kit>>()

  /** Without `unpack` there are none in images. */
  constructor(options: KitsOptions, unpack?: Unpack) {
    this.#options = options
    this.#unpack = unpack
  }

  /** Asked for once; a fault is not kept. */
  of(architecture: Architecture): Promise<Kit> {
    const known = this.#built.get(architecture)
    if (known) return known
    const built = this.#find(architecture)
    this.#built.set(architecture, built)
    built.catch(() => this.#built.delete(architecture))
    return built
  }

  async #find(architecture: Architecture): Promise<Kit> {
    const { node, supervisor, kits = {}, kitImages = {}, cacheDirectory } = this.#options
    const image = this.#unpack && kitImages[architecture]
    if (image)
      return checked(await this.#unpack!(image, architecture), architecture, `kitImages.${architecture}`, image)
    const given = kits[architecture]
    if (given !== undefined) return checked(given, architecture, `kits.${architecture}`)
    const own = await programArchitecture(node)
    if (own === undefined) throw noKit(architecture, `the Node.js of this machine, ${node}, is no program of Linux`)
    if (own !== architecture) throw noKit(architecture, `this machine is ${own}`)
    return buildKit({ node, supervisor, parent: join(cacheDirectory, 'kits') })
  }
}

async function checked(directory: string, architecture: Architecture, key: string, from = directory): Promise<Kit> {
  const kit = await kitIn(directory)
  const found = kit && (await programArchitecture(join(directory, 'bin/node')))
  if (found === architecture) return kit!
  throw new SpillwayError(
    'invalid-configuration',
    `${key} must name one with a runtime kit for ${architecture}, got ${from}, which ${found ? `is for ${found}` : 'holds none'}. ${howToGet(architecture)}`,
  )
}

const noKit = (architecture: Architecture, why: string) =>
  new SpillwayError('not-available', `There is no runtime kit for ${architecture}; ${why}. ${howToGet(architecture)}`)

const howToGet = (architecture: Architecture) =>
  `On a Linux machine of ${architecture} run \`npx spillway image kit DIR\`, copy DIR here, and name it as kits.${architecture}; for Kubernetes, run \`npx spillway image push REGISTRY/NAME\` there, and name what it prints as kitImages.${architecture}.`
