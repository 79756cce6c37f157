/** Builds the dispatcher's image and pushes it, without Docker. */
import { join } from 'node:path'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { programArchitecture } from '../elf.js'
import type { ImagesOptions } from '../images.js'
import { Kits } from '../kits.js'
import { LayerStore } from '../layer-store.js'
import { partOfLayer, pushImage } from '../push-image.js'
import { formatReference, parseReference, parseRepository } from '../reference.js'
import { Registry } from '../registry/registry.js'
import { versionOf, withDispatcherImage } from './dispatcher-image.js'

export interface PushDispatcherImage extends ImagesOptions {
  /** `REGISTRY/NAME`, or with `:TAG`; without it the tag is the version of this package. */
  to: string
  /** Where this package is installed. */
  packageDirectory: string
  signal?: AbortSignal
}

export interface PushedImage {
  /** With its tag. */
  name: string
  /** Pinned by digest. */
  reference: string
  /** Of all layers, as they are sent. */
  bytes: number
  /** False: it was there already. */
  isNew: boolean
}

export async function pushDispatcherImage(push: PushDispatcherImage): Promise<PushedImage> {
  const { packageDirectory, cacheDirectory, supervisor, signal } = push
  const { registry: registryName, repository, tag } = await targetOf(push)
  const architecture = (await programArchitecture(push.node)) ?? 'x86_64'
  const kit = await new Kits(push).of(architecture)
  const layers = new LayerStore(join(cacheDirectory, 'layers'))
  const registry = new Registry({ ...push, registry: registryName })
  return withDispatcherImage({ packageDirectory, kit, architecture, supervisor, layers }, async (image) => {
    const isNew = (await registry.manifestDigest(repository, tag, signal)) !== image.manifest.digest
    if (isNew) await pushImage({ ...image, registry, repository, tag, parts: image.layers.map(partOfLayer), signal })
    return {
      name: formatReference({ registry: registryName, repository, tag }),
      reference: formatReference({ registry: registryName, repository, digest: image.manifest.digest }),
      bytes: image.layers.reduce((sum, { size }) => sum + size, 0),
      isNew,
    }
  })
}

async function targetOf({ to, packageDirectory }: PushDispatcherImage) {
  if (to.includes('@'))
    throw new SpillwayError('invalid-request', `An image goes to a name and a tag, ${to} has a digest. Leave that out.`)
  const hasTag = /:[^/]*$/.test(to)
  const { registry, repository, tag } = hasTag ? parseReference(to) : { ...parseRepository(to), tag: undefined }
  return { registry, repository, tag: tag ?? (await versionOf(packageDirectory)) }
}
