/** The dispatcher's own image, from nothing: Node.js with the runtime kit, the packages, and this package. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { Architecture } from '../image-facts.js'
import type { Kit } from '../kit.js'
import { KIT_DIRECTORY } from '../kit-command.js'
import type { LayerFile } from '../layer.js'
import type { LayerStore } from '../layer-store.js'
import { appendLayers, type AddedLayer, type ImageConfig, type RegistryDocument } from '../manifest.js'
import { MEDIA_TYPES } from '../media-types.js'
import { platformName } from '../platform.js'
import { filesOfPackage } from './package-files.js'
import { placePackages, type Platform } from './packages.js'
import { rootFiles, STATE_DIRECTORY, USER_ID } from './root-files.js'

export interface DispatcherImage {
  manifest: RegistryDocument
  config: RegistryDocument
  layers: readonly AddedLayer[]
}

export interface BuildDispatcherImage {
  /** Where this package is installed. */
  packageDirectory: string
  kit: Kit
  architecture: Architecture
  /** Path of the bundled supervisor. */
  supervisor: string
  layers: LayerStore
}

const HOME = '/usr/local/lib/spillway'
const CONFIG_FILE = '/etc/spillway/dispatcher.yml'
const PORT = 7700

/** Parts of this package that a dispatcher needs. */
const OWN = ['dist/dispatcher', 'dist/runtime']
const OWN_FILES = ['package.json', 'LICENSE']

/** What changes least comes first; the layers are there for as long as `use` takes. */
export async function withDispatcherImage<T>(
  build: BuildDispatcherImage,
  use: (image: DispatcherImage) => Promise<T>,
): Promise<T> {
  const { packageDirectory, kit, architecture, supervisor, layers } = build
  checkBuilt(packageDirectory)
  const platform: Platform = {
    os: 'linux',
    cpu: architecture === 'arm64' ? 'arm64' : 'x64',
    libc: kit.loader.includes('musl') ? 'musl' : 'gnu',
  }
  const kitLayer = await layers.ofKit({ kit, architecture, supervisor })
  const packages = await packageFiles(packageDirectory, platform)
  const own = await ownFiles(packageDirectory, platform)
  const version = await versionOf(packageDirectory)
  return layers.withFiles(packages, (packageLayer) =>
    layers.withFiles([...rootFiles(), ...own], (ownLayer) =>
      use(
        assemble(architecture, version, [
          { ...kitLayer, about: 'runtime kit' },
          { ...packageLayer, about: 'packages' },
          { ...ownLayer, about: `dispatcher ${version}` },
        ]),
      ),
    ),
  )
}

/** Also the tag of the image where none is given. */
export async function versionOf(packageDirectory: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(packageDirectory, 'package.json'), 'utf8')) as { version: string }
  return version
}

function assemble(architecture: Architecture, version: string, layers: AddedLayer[]): DispatcherImage {
  const nothing = {
    schemaVersion: 2 as const,
    config: { mediaType: MEDIA_TYPES.ociConfig, digest: '', size: 0 },
    layers: [],
  }
  const base = { mediaType: MEDIA_TYPES.ociManifest, manifest: nothing }
  return { ...appendLayers({ base, config: imageConfig(architecture, version), added: layers }), layers }
}

const imageConfig = (architecture: Architecture, version: string): ImageConfig => ({
  created: '1970-01-01T00:00:00Z',
  os: 'linux',
  architecture: platformName(architecture),
  config: {
    Entrypoint: [`${KIT_DIRECTORY}/bin/node`, `${HOME}/dist/dispatcher/main.js`],
    Cmd: ['serve', '--config', CONFIG_FILE],
    WorkingDir: STATE_DIRECTORY,
    User: `${USER_ID}:${USER_ID}`,
    Env: [
      'PATH=/usr/local/bin',
      'NODE_ENV=production',
      `HOME=${STATE_DIRECTORY}`,
      `SPILLWAY_STATE_DIRECTORY=${STATE_DIRECTORY}`,
    ],
    ExposedPorts: { [`${PORT}/tcp`]: {} },
    Volumes: { [STATE_DIRECTORY]: {} },
    Labels: {
      'org.opencontainers.image.title': 'spillway',
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': 'Apache-2.0',
    },
  },
  rootfs: { type: 'layers', diff_ids: [] },
  history: [],
})

async function packageFiles(packageDirectory: string, platform: Platform): Promise<LayerFile[]> {
  const placed = placePackages(packageDirectory, platform)
  const homes = new Map(placed.flatMap(({ directory, place, isHome }) => (isHome ? [[directory, place]] : [])))
  const files = await Promise.all(
    placed.map(({ directory, place, isHome }) =>
      isHome
        ? filesOfPackage({ directory, place: `${HOME}/${place}`, platform })
        : [{ path: `${HOME}/${place}`, link: `${HOME}/${homes.get(directory)}` }],
    ),
  )
  return files.flat()
}

async function ownFiles(packageDirectory: string, platform: Platform): Promise<LayerFile[]> {
  const folders = await Promise.all(
    OWN.map((folder) =>
      filesOfPackage({ directory: join(packageDirectory, folder), place: `${HOME}/${folder}`, platform }),
    ),
  )
  return [
    ...folders.flat(),
    ...OWN_FILES.map((name) => ({ path: `${HOME}/${name}`, file: join(packageDirectory, name) })),
  ]
}

function checkBuilt(packageDirectory: string): void {
  const missing = OWN.find((folder) => !existsSync(join(packageDirectory, folder)))
  if (missing === undefined) return
  throw new SpillwayError(
    'not-available',
    `There is no ${missing} in ${packageDirectory}: build it first with \`npm run build\`.`,
  )
}
