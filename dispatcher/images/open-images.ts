/** Puts the parts together: registries, kits, layers and what is known. */
import { join } from 'node:path'
import { deriveImage, planImage } from './derive-image.js'
import type { Architecture, ImageFacts } from './image-facts.js'
import type {
  DerivedImage,
  DeriveRequest,
  FactsRequest,
  Images,
  ImagesOptions,
  LayerRequest,
  PlannedImage,
  PlanRequest,
} from './images.js'
import { kitCommand } from './kit-command.js'
import { kitOfImage } from './kit-of-image.js'
import { Kits } from './kits.js'
import { LayerStore } from './layer-store.js'
import type { AddedLayer } from './manifest.js'
import { measureLayers, type ImageMeasure } from './measure-image.js'
import { ReadImages } from './read-images.js'
import { parseReference, parseRepository } from './reference.js'
import { Registry } from './registry/registry.js'
import { resolveImage, type ResolveImage } from './resolve-image.js'

const DEFAULT_ARCHITECTURE: Architecture = 'x86_64'

export const openImages = (options: ImagesOptions): Images => new RegistryImages(options)

class RegistryImages implements Images {
  readonly #options: ImagesOptions
  readonly #registries = new Map<string, Registry>()
  readonly #kits: Kits
  readonly #layers: LayerStore
  readonly #read: ReadImages
  readonly #underWay = new Map<string, Promise<DerivedImage>>()
  readonly #closing = new AbortController()

  constructor(options: ImagesOptions) {
    this.#options = options
    this.#kits = new Kits(options, (image, architecture) => this.#kitOf(image, architecture))
    this.#layers = new LayerStore(join(options.cacheDirectory, 'layers'))
    this.#read = new ReadImages(join(options.cacheDirectory, 'images'))
  }

  /** The work belongs to all who wait for it: one that gives up does not end it. */
  async deriveImage(request: DeriveRequest): Promise<DerivedImage> {
    const { signal, ...wanted } = request
    const key = JSON.stringify(wanted)
    const work = this.#underWay.get(key) ?? this.#derive(wanted).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, work)
    return unlessAborted(work, signal)
  }

  async planImage({ layers, ...image }: PlanRequest): Promise<PlannedImage> {
    const base = this.#asked(image.base, image)
    return this.#withLayers(layers, base.architecture, (added) => planImage({ base, layers: added }))
  }

  async readImageFacts(reference: string, request: FactsRequest = {}): Promise<ImageFacts> {
    return (await resolveImage(this.#asked(reference, request))).facts
  }

  async measureImage({ base: reference, layers: added, ...request }: PlanRequest): Promise<ImageMeasure> {
    const asked = this.#asked(reference, request)
    const image = await resolveImage(asked)
    const layers = await measureLayers(image, asked)
    const { document, architectures, isIndex } = image
    const addedBytes = await this.#withLayers(added, asked.architecture, async (blobs) =>
      blobs.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0),
    )
    return { reference, mediaType: document.mediaType, architectures, isIndex, layers, addedBytes }
  }

  async kitCommand(architecture: Architecture = DEFAULT_ARCHITECTURE): Promise<string[]> {
    return kitCommand((await this.#kits.of(architecture)).loader)
  }

  close(): void {
    this.#closing.abort()
  }

  async #kitOf(name: string, architecture: Architecture): Promise<string> {
    const asked = this.#asked(name, { architecture })
    const parent = join(this.#options.cacheDirectory, 'kits-of-images')
    return kitOfImage({ ...asked, image: await resolveImage(asked), parent, signal: this.#closing.signal })
  }

  async #derive({ layers, repository: name, ...image }: DeriveRequest): Promise<DerivedImage> {
    const { registry, repository } = parseRepository(name)
    const target = { registry: this.#registry(registry), repository }
    const base = this.#asked(image.base, image)
    return this.#withLayers(layers, base.architecture, (added) => deriveImage({ base, layers: added, target }))
  }

  /** One after the other, each inside the use of the one before. */
  async #withLayers<T>(
    [first, ...rest]: readonly LayerRequest[],
    architecture: Architecture,
    use: (layers: AddedLayer[]) => Promise<T>,
  ): Promise<T> {
    if (first === undefined) return use([])
    const withRest = (layer: AddedLayer) => this.#withLayers(rest, architecture, (others) => use([layer, ...others]))
    if (first !== 'kit') return this.#layers.withFiles(first, (layer) => withRest({ ...layer, about: 'files' }))
    const layer = await this.#layers.ofKit({
      kit: await this.#kits.of(architecture),
      architecture,
      supervisor: this.#options.supervisor,
    })
    return withRest({ ...layer, about: 'runtime kit' })
  }

  /** What is asked of a registry about an image, broken off when this closes. */
  #asked(text: string, { architecture = DEFAULT_ARCHITECTURE, signal }: FactsRequest): ResolveImage {
    const reference = parseReference(text)
    const registry = this.#registry(reference.registry)
    const closing = this.#closing.signal
    const either = signal ? AbortSignal.any([signal, closing]) : closing
    return { registry, reference, architecture, read: this.#read, signal: either }
  }

  #registry(name: string): Registry {
    const known = this.#registries.get(name) ?? new Registry({ ...this.#options, registry: name })
    this.#registries.set(name, known)
    return known
  }
}

/** Rejects at once when the signal comes first. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const give = () => reject(signal.reason as Error)
    if (signal.aborted) give()
    signal.addEventListener('abort', give, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', give))
  })
}
