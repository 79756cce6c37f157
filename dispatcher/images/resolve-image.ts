/** From the name of an image to the one manifest that is meant, and its configuration. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import { factsOf, type Architecture, type ImageFacts } from './image-facts.js'
import {
  parseConfig,
  parseDocument,
  type ImageConfig,
  type Index,
  type Manifest,
  type RegistryDocument,
} from './manifest.js'
import { architectureOf, architecturesOf, checkArchitecture, choosePlatform } from './platform.js'
import type { RawImage, ReadImages } from './read-images.js'
import { formatReference, tagOrDigest, type Reference } from './reference.js'
import type { Registry } from './registry/registry.js'

export interface ResolvedImage extends Pick<RawImage, 'architectures' | 'isIndex'> {
  /** Pinned to the manifest of the architecture. */
  reference: Reference
  document: RegistryDocument
  manifest: Manifest
  config: ImageConfig
  facts: ImageFacts
}

export interface ResolveImage {
  registry: Registry
  reference: Reference
  architecture: Architecture
  /** What was read before. */
  read: ReadImages
  signal?: AbortSignal | undefined
}

/** Throws where there is no such image, or none for the architecture. No network where a digest was read before. */
export async function resolveImage(wanted: ResolveImage): Promise<ResolvedImage> {
  const { reference, architecture, read } = wanted
  const kept = reference.digest ? await read.get(reference.digest, architecture) : undefined
  const raw = kept ?? (await fetchImage(wanted))
  const image = describe(wanted, raw)
  if (!kept) await keep(wanted, raw)
  return image
}

/** Under the digest that was asked for, and under that of the one image that it led to. */
async function keep({ reference: { digest }, architecture, read }: ResolveImage, raw: RawImage): Promise<void> {
  const single = { ...raw, architectures: [architecture], isIndex: false }
  await read.keep(raw.manifest.digest, architecture, single)
  if (digest && digest !== raw.manifest.digest) await read.keep(digest, architecture, raw)
}

/** Digest of what the name means now: an index's, or an image's. */
export async function digestOfName({
  registry,
  reference,
  signal,
}: Omit<ResolveImage, 'read' | 'architecture'>): Promise<string> {
  const { repository, digest, tag = 'latest' } = reference
  const found = digest ?? (await registry.manifestDigest(repository, tag, signal))
  if (found === undefined) throw noSuchImage(reference)
  return found
}

async function fetchImage({ registry, reference, architecture, signal }: ResolveImage): Promise<RawImage> {
  const name = formatReference(reference)
  const first = await fetchDocument({ registry, reference, signal })
  const isIndex = 'manifests' in first.content
  const digest = isIndex ? choosePlatform(first.content as Index, architecture, name).digest : undefined
  const { document, content } = digest
    ? await fetchDocument({ registry, reference: { ...reference, digest }, signal })
    : first
  if ('manifests' in content) throw new SpillwayError('image-refused', `${name} is an index of indexes, not an image.`)
  const config = await registry.readBlob(reference.repository, content.config, signal)
  const single = architectureOf(parseConfig(config, content, name).architecture) ?? architecture
  const architectures = isIndex ? architecturesOf(first.content as Index) : [single]
  return { manifest: document, config, architectures, isIndex }
}

async function fetchDocument({ registry, reference, signal }: Omit<ResolveImage, 'read' | 'architecture'>) {
  const document = await registry.getManifest(reference.repository, tagOrDigest(reference), signal)
  if (!document) throw noSuchImage(reference)
  return { document, content: parseDocument(document, formatReference(reference)) }
}

function describe({ reference, architecture }: ResolveImage, raw: RawImage): ResolvedImage {
  const name = formatReference(reference)
  const manifest = parseDocument(raw.manifest, name) as Manifest
  const config = parseConfig(raw.config, manifest, name)
  checkArchitecture(config, architecture, name)
  const { registry, repository } = reference
  const pinned = { registry, repository, digest: raw.manifest.digest }
  return {
    reference: pinned,
    document: { ...raw.manifest, mediaType: manifest.mediaType ?? raw.manifest.mediaType },
    manifest,
    config,
    facts: factsOf({ reference: formatReference(pinned), id: manifest.config.digest, architecture, config }),
    architectures: raw.architectures,
    isIndex: raw.isIndex,
  }
}

const noSuchImage = (reference: Reference) =>
  new SpillwayError(
    'image-refused',
    `There is no image ${formatReference(reference)} in its registry. Check the name and the tag.`,
  )
