/** How large an image is once it is unpacked, as far as its registry tells without sending it. */
import type { Architecture } from './image-facts.js'
import { inParallel } from './in-parallel.js'
import type { Descriptor } from './manifest.js'
import type { ResolvedImage, ResolveImage } from './resolve-image.js'

export interface LayerMeasure {
  digest: string
  mediaType: string
  /** As it lies in the registry. */
  bytes: number
  /** Unpacked; at least that much. */
  unpackedBytes: number
}

export interface ImageMeasure {
  /** The name that was measured, as it was given. */
  reference: string
  /** Of its manifest. */
  mediaType: string
  /** Of all images under that name. */
  architectures: readonly Architecture[]
  /** The name stands for several images, one for each platform. */
  isIndex: boolean
  layers: readonly LayerMeasure[]
  /** What is put on top of it, unpacked. */
  addedBytes: number
}

/**
 * A compressed layer ends with the size of its content: https://www.rfc-editor.org/rfc/rfc1952#page-5. Of content over
 * 4 GiB, and of archives in several parts, that is less than there is.
 */
const SIZE_BYTES = 4
const AT_ONCE = 8

type Asked = Pick<ResolveImage, 'registry' | 'signal'>

export async function measureLayers(image: ResolvedImage, { registry, signal }: Asked): Promise<LayerMeasure[]> {
  const { repository } = image.reference
  const { layers } = image.manifest
  const measured = new Map<Descriptor, number>()
  const work = async (layer: Descriptor, either: AbortSignal) => {
    const isCompressed = layer.mediaType.endsWith('gzip')
    const end = isCompressed ? await registry.blobEnd(repository, layer, SIZE_BYTES, either) : undefined
    measured.set(layer, Math.max(layer.size, end?.length === SIZE_BYTES ? end.readUInt32LE() : 0))
  }
  await inParallel({ items: layers, atOnce: AT_ONCE, work, signal })
  return layers.map((layer) => ({
    digest: layer.digest,
    mediaType: layer.mediaType,
    bytes: layer.size,
    unpackedBytes: measured.get(layer) ?? layer.size,
  }))
}
