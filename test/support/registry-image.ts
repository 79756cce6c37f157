/** Images made by the tests themselves, in a registry. */
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { asDocument, digestOf, type ImageConfig, type RegistryDocument } from '../../dispatcher/images/manifest.js'
import { MEDIA_TYPES } from '../../dispatcher/images/media-types.js'
import { pushImage } from '../../dispatcher/images/push-image.js'
import type { Registry } from '../../dispatcher/images/registry/registry.js'

export interface RegistryImage {
  registry: Registry
  repository: string
  tag: string
  family?: 'docker' | 'oci'
  config?: Partial<ImageConfig>
  /** Contents of the layers; they need not be archives for a registry. */
  layers?: Buffer[]
  signal?: AbortSignal
}

const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json'

/** Resolves to the manifest that was pushed. */
export async function makeImage({
  registry,
  repository,
  tag,
  family = 'oci',
  ...more
}: RegistryImage): Promise<RegistryDocument> {
  const layers = (more.layers ?? [Buffer.from(`layer of ${tag}`)]).map((content) => ({
    content,
    packed: gzipSync(content, { level: 1 }),
  }))
  const isOci = family === 'oci'
  const config = asDocument(isOci ? MEDIA_TYPES.ociConfig : DOCKER_CONFIG, {
    os: 'linux',
    architecture: 'amd64',
    rootfs: { type: 'layers', diff_ids: layers.map(({ content }) => digestOf(content)) },
    history: layers.map(() => ({ created_by: 'a test' })),
    ...more.config,
  })
  const type = isOci ? MEDIA_TYPES.ociManifest : MEDIA_TYPES.dockerManifest
  const manifest = asDocument(type, {
    schemaVersion: 2,
    mediaType: type,
    config: { mediaType: config.mediaType, digest: config.digest, size: config.body.length },
    layers: layers.map(({ packed }) => ({
      mediaType: isOci ? MEDIA_TYPES.ociLayer : MEDIA_TYPES.dockerLayer,
      digest: digestOf(packed),
      size: packed.length,
    })),
  })
  const parts = layers.map(({ packed }) => ({
    source: { digest: digestOf(packed), size: packed.length, open: () => Readable.from([packed]) },
  }))
  await pushImage({ registry, repository, tag, manifest, config, parts, signal: more.signal })
  return manifest
}

/** One name for images of several platforms, with an attestation as build tools add it. */
export async function makeIndex(image: RegistryImage & { architectures: string[] }): Promise<RegistryDocument> {
  const { registry, repository, tag, family = 'oci', architectures } = image
  const manifests = []
  for (const architecture of architectures) {
    const { mediaType, digest, body } = await makeImage({
      ...image,
      tag: `${tag}-${architecture}`,
      config: { ...image.config, architecture },
    })
    manifests.push({ mediaType, digest, size: body.length, platform: { os: 'linux', architecture } })
  }
  const attestation = { ...manifests[0]!, platform: { os: 'unknown', architecture: 'unknown' } }
  const type = family === 'oci' ? MEDIA_TYPES.ociIndex : MEDIA_TYPES.dockerIndex
  const index = asDocument(type, { schemaVersion: 2, mediaType: type, manifests: [attestation, ...manifests] })
  await registry.putManifest(repository, tag, index)
  return index
}
