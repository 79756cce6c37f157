/** Which image of an index is meant. Pure. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { Architecture } from './image-facts.js'
import type { Descriptor, ImageConfig, Index, Platform } from './manifest.js'

/** Architectures as images call them: https://go.dev/doc/install/source#environment */
const NAMES: Readonly<Record<Architecture, string>> = Object.freeze({ x86_64: 'amd64', arm64: 'arm64' })

/** Variants that are as good as none. */
const PLAIN_VARIANTS = [undefined, '', 'v8']

export const platformName = (architecture: Architecture): string => NAMES[architecture]

export const architectureOf = (name: string | undefined): Architecture | undefined =>
  (Object.keys(NAMES) as Architecture[]).find((key) => NAMES[key] === name)

/** Throws with the platforms that are there when the wanted one is not. */
export function choosePlatform({ manifests }: Index, wanted: Architecture, name: string): Descriptor {
  const fitting = manifests.filter(({ platform }) => isFor(platform, wanted))
  const chosen = fitting.find(({ platform }) => PLAIN_VARIANTS.includes(platform?.variant)) ?? fitting[0]
  if (chosen) return chosen
  throw wrongArchitecture(name, wanted, platformsOf({ manifests } as Index))
}

/** Architectures that functions know, in the order of the index. */
export const architecturesOf = ({ manifests }: Index): Architecture[] => [
  ...new Set(
    manifests.flatMap(({ platform }) =>
      platform?.os === 'linux' ? (architectureOf(platform.architecture) ?? []) : [],
    ),
  ),
]

/** An image that says nothing is taken at its user's word. */
export function checkArchitecture({ os, architecture }: ImageConfig, wanted: Architecture, name: string): void {
  const isLinux = os === undefined || os === 'linux'
  if (isLinux && (architecture === undefined || architecture === NAMES[wanted])) return
  throw wrongArchitecture(name, wanted, [`${os ?? 'linux'}/${architecture ?? NAMES[wanted]}`])
}

const isFor = (platform: Platform | undefined, wanted: Architecture) =>
  platform?.os === 'linux' && platform.architecture === NAMES[wanted]

/** Attestations lie in an index too, as images for an unknown platform. */
const platformsOf = ({ manifests }: Index): string[] =>
  manifests.flatMap(({ platform }) =>
    platform && platform.os !== 'unknown'
      ? [[platform.os, platform.architecture, platform.variant].filter(Boolean).join('/')]
      : [],
  )

const wrongArchitecture = (name: string, wanted: Architecture, there: readonly string[]) =>
  new SpillwayError(
    'image-refused',
    `The image ${name} is for ${there.join(', ') || 'no platform'}, and linux/${NAMES[wanted]} (architecture: ${wanted}) is wanted. Build it for that platform too, or set the function's architecture.`,
  )
