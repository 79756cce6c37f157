/**
 * Images without Docker: what an image says about itself, and images derived from it, by the registry's API alone
 * (https://github.com/opencontainers/distribution-spec/blob/main/spec.md).
 *
 * - Everything is asked for once: many that want the same derived image wait for the same work.
 * - What comes back is pinned by digest; the content of every blob that is read or written is checked against its digest.
 * - Layers of the base never pass through memory: they are mounted, or streamed from one registry to the other.
 * - Faults that another try may cure are tried again with growing delays; what is left is a SpillwayError.
 */
import type { CredentialProvider } from './credentials/credentials.js'
import type { Architecture, ImageFacts } from './image-facts.js'
import type { LayerFile } from './layer.js'
import type { ImageMeasure } from './measure-image.js'

export interface DeriveRequest {
  /** The user's image, as written in the spec. */
  base: string
  /** From bottom to top: the runtime kit, or files of the caller's own. */
  layers: readonly LayerRequest[]
  /** Where the derived image goes: `registry/name`. It is created if the registry needs that and a provider can. */
  repository: string
  /** Default: x86_64. */
  architecture?: Architecture
  signal?: AbortSignal
}

/** `kit`: the runtime kit below `KIT_DIRECTORY`. */
export type LayerRequest = 'kit' | readonly LayerFile[]

export interface DerivedImage {
  /** `registry/name@sha256:...` */
  reference: string
  /** Says what is in it: the same base and layers have the same tag on every machine. */
  tag: string
  /** Of the base: ENTRYPOINT, CMD, WORKDIR, USER and ENV are left as they are in the derived image too. */
  facts: ImageFacts
  /** False: it was there already. */
  pushed: boolean
}

/** `deriveImage` without a place to put it. */
export type PlanRequest = Omit<DeriveRequest, 'repository'>

/** What `deriveImage` makes of the same request, in any repository. */
export type PlannedImage = Pick<DerivedImage, 'tag' | 'facts'> & { digest: string }

export interface FactsRequest {
  /** Default: x86_64. */
  architecture?: Architecture
  signal?: AbortSignal
}

export interface Images {
  deriveImage(request: DeriveRequest): Promise<DerivedImage>
  /** What `deriveImage` would make; writes to no registry. Where the base is named by a digest that was read before, by this or another process, it needs no network. */
  planImage(request: PlanRequest): Promise<PlannedImage>
  /** Reads manifest and configuration, no layer. */
  readImageFacts(reference: string, request?: FactsRequest): Promise<ImageFacts>
  /** What Lambda's rules are about, of the base with those layers on top; reads a few bytes of every layer of the base. */
  measureImage(request: PlanRequest): Promise<ImageMeasure>
  /** The command that starts a supervisor from a kit below `KIT_DIRECTORY`, however the kit got there. */
  kitCommand(architecture?: Architecture): Promise<string[]>
  /** Breaks off what is under way. */
  close(): void
}

/** What `openImages` takes. */
export interface ImagesOptions {
  /** A directory of this alone: kits, layers and what is known of derived images are kept there. */
  cacheDirectory: string
  /** Path of the bundled supervisor. */
  supervisor: string
  /** Path of the Node.js that goes into the kit of this machine's architecture. */
  node: string
  /** Directories of kits for other architectures, as `spillway image kit` writes them. */
  kits?: Partial<Record<Architecture, string>>
  /** Images that hold kits for other architectures, as `spillway image push` makes them. */
  kitImages?: Partial<Record<Architecture, string>>
  /** Asked in order, until one knows the registry. */
  credentials: readonly CredentialProvider[]
  /** Registries, besides those of this machine itself, that are spoken to by plain HTTP. */
  insecureRegistries?: readonly string[]
  now(): number
}
