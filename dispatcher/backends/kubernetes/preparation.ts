/** What a function's pods are to run, and as whom: found out once for a release, however many workers it gets. */
import { asError, SpillwayError } from '../../../runtime/contract/errors.js'
import { specFor, type FunctionSpec } from '../../../runtime/contract/function-spec.js'
import type { Release } from '../../../runtime/contract/release.js'
import type { Architecture, ImageFacts } from '../../images/image-facts.js'
import type { Images } from '../../images/images.js'
import type { LayerFile } from '../../images/layer.js'
import { INSIDE } from './pod/inside.js'
import { keyOf } from './fleet/members.js'
import type { KitWay } from './kit-way.js'
import { runAs, type RunAs } from './pod/security.js'
import type { Kit } from './pod/worker.js'

export interface Prepared {
  image: string
  /** Undefined where only the cluster can read the image. */
  facts?: ImageFacts
  runAs: RunAs
  kit: Kit
}

export interface PreparationContext {
  images: Pick<Images, 'deriveImage' | 'readImageFacts' | 'kitCommand'>
  way: KitWay
  registry?: string
  kitImage?: string
  /** Of other architectures. */
  kitImages?: Partial<Record<Architecture, string>>
  signal: AbortSignal
  now(): number
  /** Found out ahead of time; who needs the image hears it too. */
  onFault(release: Release, words: string): void
}

/** Milliseconds for which a registry is not asked again after it refused. */
const ASK_AGAIN_MS = 10_000

/** Milliseconds that it may take to read an image that the cluster may have from elsewhere. */
const FACTS_MS = 10_000

/** Name of the one repository in which derived images lie, beside those of others. */
const REPOSITORY = 'workers'

/** Where anybody may write: what the image has is left as it is. */
const OWN_PLACE: readonly LayerFile[] = [{ path: INSIDE.own, owner: 0, mode: 0o1777 }]

interface Entry {
  prepared: Promise<Prepared>
  /** Set when it failed. */
  failedAt?: number
}

export class Preparation {
  readonly #context: PreparationContext
  readonly #entries = new Map<string, Entry>()
  #isWarming = false

  constructor(context: PreparationContext) {
    this.#context = context
  }

  /** The image is the same for as long as the release is, even when its tag comes to mean another one. */
  of(release: Release): Promise<Prepared> {
    const key = keyOf(release)
    const known = this.#entries.get(key)
    const isStale = known?.failedAt !== undefined && this.#context.now() - known.failedAt >= ASK_AGAIN_MS
    if (known && !isStale) return known.prepared
    const entry: Entry = { prepared: this.#prepare(release.spec) }
    entry.prepared.catch(() => (entry.failedAt = this.#context.now()))
    this.#entries.set(key, entry)
    return entry.prepared
  }

  /** Gets images ready, one after the other, before there is work for them: the first file need not wait for that. */
  warm(releases: readonly Release[]): void {
    const next = releases.find((release) => !this.#entries.has(keyOf(release)))
    if (!next || this.#isWarming) return
    this.#isWarming = true
    this.of(next)
      .catch((thrown: unknown) => this.#context.onFault(next, asError(thrown).message))
      .finally(() => (this.#isWarming = false))
  }

  /** Forgets releases that nobody asks for any more. */
  keep(keys: ReadonlySet<string>): void {
    for (const key of this.#entries.keys()) if (!keys.has(key)) this.#entries.delete(key)
  }

  async #prepare(registered: FunctionSpec): Promise<Prepared> {
    const spec = specFor(registered, 'kubernetes')
    const { image, facts, way } = await this.#imageOf(spec)
    if (!spec.script && !spec.command && !facts?.program.length)
      throw refused(`the image ${spec.image} has neither ENTRYPOINT nor CMD; add a script or a command`)
    const verdict = runAs(spec, facts?.user)
    if ('refusal' in verdict) throw refused(verdict.refusal)
    const command = await this.#context.images.kitCommand(spec.architecture)
    const kitImage = this.#kitImageFor(spec.architecture)
    const kit: Kit = { way, command, ...(way !== 'derived' && kitImage ? { image: kitImage } : {}) }
    return { image, runAs: verdict, kit, ...(facts ? { facts } : {}) }
  }

  #kitImageFor(architecture: Architecture): string | undefined {
    const { kitImage, kitImages = {} } = this.#context
    return kitImages[architecture] ?? kitImage
  }

  async #imageOf(spec: FunctionSpec): Promise<{ image: string; facts?: ImageFacts; way: KitWay }> {
    const { way, registry } = this.#context
    if (way !== 'derived' || !registry) return this.#untouched(spec, way)
    try {
      return await this.#derived(spec, registry)
    } catch (thrown) {
      // Nodes may be let in where the dispatcher is not: they have the function's imagePullSecrets.
      if (!this.#kitImageFor(spec.architecture) || !isRefusal(thrown)) throw thrown
      return this.#untouched(spec, 'init-container')
    }
  }

  async #derived(spec: FunctionSpec, registry: string): Promise<{ image: string; facts: ImageFacts; way: KitWay }> {
    const { images, signal } = this.#context
    const { reference, facts } = await images.deriveImage({
      base: spec.image!,
      layers: ['kit', OWN_PLACE],
      repository: `${registry.replace(/\/+$/, '')}/${REPOSITORY}`,
      architecture: spec.architecture,
      signal,
    })
    return { image: reference, facts, way: 'derived' }
  }

  /** Only the cluster needs to be able to read it, unless what it says about itself is to be run. */
  async #untouched(spec: FunctionSpec, way: KitWay): Promise<{ image: string; facts?: ImageFacts; way: KitWay }> {
    const image = spec.image!
    const { images, signal } = this.#context
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(FACTS_MS)])
    try {
      const facts = await images.readImageFacts(image, { architecture: spec.architecture, signal: deadline })
      return { image, way, facts }
    } catch (thrown) {
      if (!spec.script && !spec.command)
        throw refused(
          `the image ${image} cannot be read here, so nobody knows its ENTRYPOINT; add a script or a command: ${asError(thrown).message}`,
        )
      return { image, way }
    }
  }
}

const isRefusal = (thrown: unknown) => thrown instanceof SpillwayError && thrown.code === 'registry-refused'

const refused = (message: string) => new SpillwayError('image-refused', message)
