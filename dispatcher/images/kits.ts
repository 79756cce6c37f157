/** Which kit goes into images of an architecture: this machine's own, or one that was brought along from another. */
import { join } from 'node:path'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { programArchitecture } from './elf.js'
import type { Architecture } from './image-facts.js'
import type { ImagesOptions } from './images.js'
import { buildKit, kitIn, type Kit } from './kit.js'

type KitsOptions = Pick<ImagesOptions, 'node' | 'supervisor' | 'kits' | 'cacheDirectory'>

export class Kits {
  readonly #options: KitsOptions
  readonly #built = new Map<Architecture, Promise<Kit>>()

  constructor(options: KitsOptions) {
    this.#options = options
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
    const { node, supervisor, kits = {}, cacheDirectory } = this.#options
    const given = kits[architecture]
    if (given !== undefined) return checked(given, architecture)
    const own = await programArchitecture(node)
    if (own === undefined) throw noKit(architecture, `the Node.js of this machine, ${node}, is no program of Linux`)
    if (own !== architecture) throw noKit(architecture, `this machine is ${own}`)
    return buildKit({ node, supervisor, parent: join(cacheDirectory, 'kits') })
  }
}

async function checked(directory: string, architecture: Architecture): Promise<Kit> {
  const kit = await kitIn(directory)
  const found = kit && (await programArchitecture(join(directory, 'bin/node')))
  if (found === architecture) return kit!
  throw new SpillwayError(
    'invalid-configuration',
    `kits.${architecture} must name a directory with a runtime kit for ${architecture}, got ${directory}, which ${found ? `is for ${found}` : 'holds none'}. ${howToGet(architecture)}`,
  )
}

const noKit = (architecture: Architecture, why: string) =>
  new SpillwayError('not-available', `There is no runtime kit for ${architecture}; ${why}. ${howToGet(architecture)}`)

const howToGet = (architecture: Architecture) =>
  `On a Linux machine of ${architecture} run \`npx spillway image kit DIR\`, copy DIR here, and name it as kits.${architecture}.`
