/** The user's image with layers of ours on top, in a repository of ours; nothing of it is changed but that. */
import { createHash } from 'node:crypto'
import type { DerivedImage, PlannedImage } from './images.js'
import { appendLayers, type AddedLayer } from './manifest.js'
import { partOfLayer, partsOf, pushImage } from './push-image.js'
import { formatReference } from './reference.js'
import type { Registry } from './registry/registry.js'
import { digestOfName, resolveImage, type ResolvedImage, type ResolveImage } from './resolve-image.js'

export interface Plan {
  base: ResolveImage
  layers: readonly AddedLayer[]
}

export interface Derivation extends Plan {
  target: { registry: Registry; repository: string }
}

/** Goes into the tag: a number for each way in which we put images together. */
const FORMAT = 1

/** What is there already costs one question for its tag, and one for what the base's name means unless that is a digest. */
export async function deriveImage(derivation: Derivation): Promise<DerivedImage> {
  const {
    target,
    base: { signal },
  } = derivation
  const pinned = await pinBase(derivation)
  const tag = tagOf(pinned)
  const there = await target.registry.manifestDigest(target.repository, tag, signal)
  const base = await resolveImage(pinned.base)
  const digest = there ?? (await push({ ...derivation, ...pinned }, base, tag))
  const reference = formatReference({ registry: target.registry.name, repository: target.repository, digest })
  return { reference, tag, facts: base.facts, pushed: there === undefined }
}

/** The same without a registry to push to. */
export async function planImage(plan: Plan): Promise<PlannedImage> {
  const pinned = await pinBase(plan)
  const base = await resolveImage(pinned.base)
  return { tag: tagOf(pinned), digest: append(base, plan.layers).manifest.digest, facts: base.facts }
}

type Pinned = Plan & { digest: string }

async function pinBase({ base, layers }: Plan): Promise<Pinned> {
  const digest = await digestOfName(base)
  return { base: { ...base, reference: { ...base.reference, digest } }, layers, digest }
}

const append = ({ document, manifest, config }: ResolvedImage, added: readonly AddedLayer[]) =>
  appendLayers({ base: { ...document, manifest }, config, added })

async function push({ base, layers, target }: Derivation, image: ResolvedImage, tag: string): Promise<string> {
  const { manifest, config } = append(image, layers)
  const from = { registry: base.registry, repository: base.reference.repository }
  const parts = [...partsOf(from, image.manifest.layers, target.registry), ...layers.map(partOfLayer)]
  await pushImage({ ...target, tag, manifest, config, parts, signal: base.signal })
  return manifest.digest
}

/** Of the content before compression, which may come out differently on another machine. */
function tagOf({ base: { architecture }, layers, digest }: Pinned): string {
  const content = [FORMAT, digest, architecture, ...layers.map(({ diffId }) => diffId)]
  return `spillway-${createHash('sha256').update(content.join('\n')).digest('hex').slice(0, 32)}`
}
