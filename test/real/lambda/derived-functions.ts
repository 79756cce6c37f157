/** Functions on Lambda as a deployment makes them: images derived without Docker, run by nobody who knows of us. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { functionFile } from '../../../dispatcher/backends/lambda/compile/function-file.js'
import { functionLayer } from '../../../dispatcher/backends/lambda/compile/function-layer.js'
import type { Images } from '../../../dispatcher/images/images.js'
import { openImages } from '../../../dispatcher/images/open-images.js'
import type { PackagedFile } from '../../../runtime/contract/dispatcher-api.js'
import { LAMBDA_FUNCTION_DIRECTORY, type LambdaFunctionFile } from '../../../runtime/contract/lambda-function.js'
import { readFunctionSpec } from '../../../runtime/contract/read-function-spec.js'
import type { ImageConfig } from '../../support/containers/oci-image.js'
import { Podman } from '../../support/containers/podman.js'
import type { LambdaImage } from '../../support/lambda/engine.js'
import { RuncEngine } from '../../support/lambda/runc-engine.js'
import { STAGING_BUCKET } from '../../support/lambda/small-lambda.js'
import { supervisorBundle } from '../../support/supervisor-process.js'
import { RegistryServer, whyNoRegistry } from '../programs/registry.js'
import { unpackImage } from './unpack-image.js'

export interface BaseImage {
  fill: (root: string) => void
  config?: ImageConfig
}

export interface FunctionSource {
  /** Name of a base image. */
  base: string
  name: string
  /** Keys of the spec. */
  spec?: Record<string, unknown>
  files?: Record<string, string>
}

export interface Derived {
  file: LambdaFunctionFile
  image: LambdaImage
}

/** Function layers hold files alone. */
type FileLayer = { path: string; mode: number; content: string | Buffer }[]

/** Why there can be none here; undefined when there can. */
export const whyNoDerivedFunctions = (): string | undefined =>
  RuncEngine.missing() ?? whyNoRegistry() ?? Podman.missing()

export class DerivedFunctions {
  readonly #directory = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-derived-')))
  /** `host:port` */
  readonly #registry: string
  readonly #closeRegistry: () => Promise<void>
  readonly #podman = Podman.open()
  readonly #images: Images
  readonly #bases = new Map<string, string>()
  #unpacked = 0

  private constructor(registry: string, closeRegistry: () => Promise<void>) {
    this.#registry = registry
    this.#closeRegistry = closeRegistry
    this.#images = openImages({
      cacheDirectory: join(this.#directory, 'images'),
      supervisor: supervisorBundle(),
      node: process.execPath,
      credentials: [],
      now: Date.now,
    })
  }

  /** With a registry of its own. */
  static async start(): Promise<DerivedFunctions> {
    const registry = await RegistryServer.start()
    return new DerivedFunctions(registry.host, () => registry.stop())
  }

  /** With a registry that is there already, `host:port`. */
  static in(registry: string): DerivedFunctions {
    return new DerivedFunctions(registry, () => Promise.resolve())
  }

  /** Puts a base image into the registry. */
  push(name: string, { fill, config }: BaseImage): void {
    const local = this.#podman.makeImage(name, fill, config)
    const reference = `${this.#registry}/base/${name}:1`
    this.#podman.run('push', '--quiet', '--tls-verify=false', local, reference)
    this.use(name, reference)
  }

  /** Takes what is in a registry already as a base image. */
  use(name: string, reference: string): void {
    this.#bases.set(name, reference)
  }

  /** The whole way: derived, pushed, pulled by another, unpacked. */
  async derive(source: FunctionSource): Promise<Derived> {
    const { reference, facts, file, layer } = await this.#compile(source)
    const repository = `${this.#registry}/derived/${source.name}`
    const derived = await this.#images.deriveImage({ base: reference, layers: ['kit', layer], repository })
    const command = await this.#images.kitCommand()
    const root = unpackImage(this.#podman, derived.reference, join(this.#directory, `root-${++this.#unpacked}`))
    return { file, image: { root, command, environment: facts.environment } }
  }

  /** Another function of the same base, its layer laid out by hand: the rest of the image is that of the first. */
  async variantOf({ image }: Derived, source: FunctionSource): Promise<Derived> {
    const { file, layer } = await this.#compile(source)
    const root = join(this.#directory, `root-${++this.#unpacked}`)
    execFileSync('cp', ['-al', image.root, root])
    rmSync(join(root, LAMBDA_FUNCTION_DIRECTORY), { recursive: true })
    for (const { path, mode, content } of layer) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), content)
      chmodSync(join(root, path), mode)
    }
    return { file, image: { ...image, root } }
  }

  async #compile({ base, name, spec: written = {}, files = {} }: FunctionSource) {
    const reference = this.#bases.get(base)
    if (reference === undefined) throw new Error(`there is no base image ${base}`)
    const facts = await this.#images.readImageFacts(reference)
    const spec = specOf({ image: reference, ...written })
    const entry = { key: name, name, spec, road: 'dispatched' as const, passed: {} }
    const service = { storage: { lake: { type: 's3' as const } }, stagingBucket: STAGING_BUCKET }
    const file = functionFile({ entry, service, facts, digest: 'sha256:0' })
    const layer = functionLayer(file, Object.entries(files).map(packaged))
    return { reference, facts, file, layer: layer as FileLayer }
  }

  async stop(): Promise<void> {
    this.#images.close()
    this.#podman.close()
    await this.#closeRegistry()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

function specOf(written: Record<string, unknown>) {
  const { value, problems } = readFunctionSpec(written, { path: 'f', storages: ['lake'], backends: ['lambda'] })
  if (!value) throw new Error(JSON.stringify(problems))
  return value
}

const packaged = ([path, content]: [string, string]): PackagedFile => ({
  path,
  mode: 0o644,
  data: Buffer.from(content).toString('base64'),
})
