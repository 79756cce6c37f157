/** Manifests and configurations: what of them is read, and how layers are put on top. Pure. */
import { createHash } from 'node:crypto'
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { LayerBlob } from './layer.js'
import { isIndex, isManifest, layerTypeFor, MEDIA_TYPES } from './media-types.js'

/** https://github.com/opencontainers/image-spec/blob/main/descriptor.md */
export interface Descriptor {
  mediaType: string
  digest: string
  size: number
  annotations?: Record<string, string>
}

/** https://github.com/opencontainers/image-spec/blob/main/manifest.md */
export interface Manifest {
  schemaVersion: 2
  mediaType?: string
  config: Descriptor
  layers: Descriptor[]
  annotations?: Record<string, string>
}

/** https://github.com/opencontainers/image-spec/blob/main/image-index.md */
export interface Index {
  schemaVersion: 2
  mediaType?: string
  manifests: (Descriptor & { platform?: Platform })[]
}

export interface Platform {
  os: string
  architecture: string
  variant?: string
}

/** https://github.com/opencontainers/image-spec/blob/main/config.md; what is not named here is kept as it is. */
export interface ImageConfig {
  created?: string
  os?: string
  architecture?: string
  config?: {
    Entrypoint?: string[] | null
    Cmd?: string[] | null
    WorkingDir?: string
    User?: string
    Env?: string[] | null
    ExposedPorts?: Record<string, object>
    Volumes?: Record<string, object>
    Labels?: Record<string, string>
  }
  rootfs: { type: 'layers'; diff_ids: string[] }
  history?: History[]
}

interface History {
  created?: string
  created_by?: string
  empty_layer?: boolean
}

/** A document as a registry has it: its digest is that of these very bytes. */
export interface RegistryDocument {
  mediaType: string
  digest: string
  body: Buffer
}

export const digestOf = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`

export const asDocument = (mediaType: string, value: unknown): RegistryDocument => {
  const body = Buffer.from(JSON.stringify(value))
  return { mediaType, digest: digestOf(body), body }
}

/** A manifest or an index; anything else is refused. */
export function parseDocument(document: RegistryDocument, name: string): Manifest | Index {
  const parsed = parseJson(document.body, name) as Partial<Manifest & Index>
  const type = parsed.mediaType ?? document.mediaType
  if (isIndex(type) && Array.isArray(parsed.manifests)) return parsed as Index
  if (isManifest(type) && Array.isArray(parsed.layers) && parsed.config?.digest) return parsed as Manifest
  throw new SpillwayError(
    'image-refused',
    `${name} is not an image: its manifest is of type ${type}. Images have manifests of version 2 of Docker's format, or of OCI's; push it again with a current tool.`,
  )
}

/** Its layers and the configuration's must be the same in number, which those of other artefacts are not. */
export function parseConfig(body: Buffer, { layers }: Manifest, name: string): ImageConfig {
  const config = parseJson(body, name) as Partial<ImageConfig>
  if (config.rootfs?.diff_ids?.length === layers.length) return config as ImageConfig
  throw new SpillwayError(
    'image-refused',
    `${name} is not an image that can run: its configuration names ${config.rootfs?.diff_ids?.length ?? 'no'} layers, its manifest ${layers.length}.`,
  )
}

export interface AddedLayer extends LayerBlob {
  /** For the history of the image. */
  about: string
}

export interface AppendLayers {
  /** Without a digest it is no image of its own. */
  base: { mediaType: string; digest?: string; manifest: Manifest }
  config: ImageConfig
  added: readonly AddedLayer[]
}

/** The base with further layers on top; everything else stays what it is. */
export function appendLayers({ base, config, added }: AppendLayers): {
  manifest: RegistryDocument
  config: RegistryDocument
} {
  const { manifest } = base
  const newConfig = asDocument(manifest.config.mediaType, configWith(config, added, manifest.layers.length))
  const descriptors = added.map(({ digest, size }) => ({ mediaType: layerTypeFor(base.mediaType), size, digest }))
  const newManifest = asDocument(base.mediaType, {
    schemaVersion: 2,
    mediaType: base.mediaType,
    config: { mediaType: newConfig.mediaType, size: newConfig.body.length, digest: newConfig.digest },
    layers: [...manifest.layers, ...descriptors],
    ...annotationsOf(base),
  })
  return { manifest: newManifest, config: newConfig }
}

const BASE_DIGEST = 'org.opencontainers.image.base.digest'

/** https://github.com/opencontainers/image-spec/blob/main/annotations.md; Docker's manifests have none. */
function annotationsOf({ mediaType, digest, manifest }: AppendLayers['base']): Pick<Manifest, 'annotations'> {
  if (mediaType !== MEDIA_TYPES.ociManifest || digest === undefined) return {}
  return { annotations: { ...manifest.annotations, [BASE_DIGEST]: digest } }
}

function configWith(config: ImageConfig, added: readonly AddedLayer[], layers: number): ImageConfig {
  const { rootfs, history } = config
  const isWhole = history?.filter(({ empty_layer }) => !empty_layer).length === layers
  return {
    ...config,
    rootfs: { ...rootfs, diff_ids: [...rootfs.diff_ids, ...added.map(({ diffId }) => diffId)] },
    ...(isWhole ? { history: [...history, ...added.map(historyOf)] } : {}),
  }
}

/** A date of today would make every derived image another one. */
const historyOf = ({ about }: AddedLayer): History => ({
  created: '1970-01-01T00:00:00Z',
  created_by: `spillway: ${about}`,
})

function parseJson(body: Buffer, name: string): unknown {
  try {
    const value = JSON.parse(body.toString()) as unknown
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Said below.
  }
  throw new SpillwayError('image-refused', `${name} is not an image: its description is no JSON object.`)
}
