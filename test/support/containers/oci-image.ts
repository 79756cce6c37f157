/** Images made by the tests themselves, as archives of the OCI layout: no registry is needed. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { arch, tmpdir } from 'node:os'
import { join } from 'node:path'

/** https://github.com/opencontainers/image-spec/blob/main/config.md */
export interface ImageConfig {
  Env?: string[]
  Entrypoint?: string[]
  Cmd?: string[]
  WorkingDir?: string
  User?: string
}

interface Blob {
  mediaType: string
  digest: string
  size: number
}

const TYPE = 'application/vnd.oci.image'

/** Writes the archive of an image with one layer: the content of `root`. */
export function writeImage(options: { root: string; config: ImageConfig; name: string; archive: string }): void {
  const layout = mkdtempSync(join(tmpdir(), 'spillway-image-'))
  try {
    const layer = layerOf(options.root)
    const put = (mediaType: string, content: Buffer) => putBlob(layout, mediaType, content)
    const config = put(`${TYPE}.config.v1+json`, json(imageConfig(options.config, sha256(layer))))
    const layers = [put(`${TYPE}.layer.v1.tar`, layer)]
    const manifest = put(`${TYPE}.manifest.v1+json`, json({ schemaVersion: 2, config, layers }))
    const annotations = { 'org.opencontainers.image.ref.name': options.name }
    writeFileSync(join(layout, 'index.json'), json({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }))
    writeFileSync(join(layout, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }))
    execFileSync('tar', ['-C', layout, '-cf', options.archive, '.'])
  } finally {
    rmSync(layout, { recursive: true, force: true })
  }
}

/** The archive of a layer. */
export const layerOf = (root: string): Buffer =>
  execFileSync('tar', ['-C', root, '--owner=0', '--group=0', '--numeric-owner', '-c', '.'], { maxBuffer: 2 ** 30 })

/** https://github.com/opencontainers/image-spec/blob/main/config.md#properties */
export const architectureOfHere = (): string => (arch() === 'arm64' ? 'arm64' : 'amd64')

const imageConfig = (config: ImageConfig, diffId: string) => ({
  architecture: architectureOfHere(),
  os: 'linux',
  config,
  rootfs: { type: 'layers', diff_ids: [diffId] },
})

function putBlob(layout: string, mediaType: string, content: Buffer): Blob {
  const digest = sha256(content)
  const folder = join(layout, 'blobs', 'sha256')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, digest.slice('sha256:'.length)), content)
  return { mediaType, digest, size: content.length }
}

const sha256 = (content: Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`
const json = (value: unknown) => Buffer.from(JSON.stringify(value))
