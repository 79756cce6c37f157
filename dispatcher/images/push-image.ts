/** An image into a registry: what is missing of its blobs, then its configuration, then the manifest that makes it one. */
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { inParallel } from './in-parallel.js'
import type { LayerBlob } from './layer.js'
import type { Descriptor, RegistryDocument } from './manifest.js'
import { isForeignLayer } from './media-types.js'
import type { Registry } from './registry/registry.js'
import type { BlobSource } from './registry/upload.js'
import { verified } from './registry/verify.js'

export interface PushImage {
  registry: Registry
  repository: string
  tag: string
  manifest: RegistryDocument
  config: RegistryDocument
  parts: readonly Part[]
  signal?: AbortSignal | undefined
}

/** A layer of the image. */
export interface Part {
  source: BlobSource
  /** Another repository of the same registry that has it. */
  mountFrom?: string
}

/** Blobs on their way at once. */
const AT_ONCE = 4

export async function pushImage(push: PushImage): Promise<void> {
  const { registry, repository, tag, manifest, config, signal } = push
  await registry.prepareRepository(repository, signal)
  const parts = [...push.parts, { source: sourceOfDocument(config) }]
  const items = new Map(parts.map((part) => [part.source.digest, part])).values()
  await inParallel({
    items,
    atOnce: AT_ONCE,
    work: (part, either) => pushPart({ ...push, signal: either }, part),
    signal,
  })
  await registry.putManifest(repository, tag, manifest, signal)
}

async function pushPart({ registry, repository, signal }: PushImage, { source, mountFrom }: Part): Promise<void> {
  if (mountFrom !== undefined && mountFrom !== repository)
    await registry.mountBlob(repository, mountFrom, source, signal)
  else if (!(await registry.hasBlob(repository, source.digest, signal)))
    await registry.putBlob(repository, source, signal)
}

/** The layers of an image in another repository: mounted where that is possible, else streamed. */
export const partsOf = (
  from: { registry: Registry; repository: string },
  layers: readonly Descriptor[],
  to: Registry,
) =>
  layers
    .filter(({ mediaType }) => !isForeignLayer(mediaType))
    .map(({ digest, size }): Part => {
      const open = (signal?: AbortSignal) => from.registry.openBlob(from.repository, { digest, size }, signal)
      return { source: { digest, size, open }, ...(from.registry === to ? { mountFrom: from.repository } : {}) }
    })

/** A layer from this machine's disk, checked on its way. */
export const partOfLayer = ({ digest, size, file }: LayerBlob): Part => ({
  source: { digest, size, open: () => verified(createReadStream(file), { digest, size, from: file }) },
})

const sourceOfDocument = ({ digest, body }: RegistryDocument): BlobSource => ({
  digest,
  size: body.length,
  open: () => Readable.from([body]),
})
