/** One registry: what of its API images need. https://github.com/opencontainers/distribution-spec/blob/main/spec.md */
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { formatBytes } from '../../../runtime/contract/units.js'
import type { CredentialProvider } from '../credentials/credentials.js'
import { digestOf, type Descriptor, type RegistryDocument } from '../manifest.js'
import { ACCEPTED } from '../media-types.js'
import { apiOrigin } from './address.js'
import { Authorization } from './authorization.js'
import type { Answer } from './answer.js'
import { refusal } from './faults.js'
import type { Call } from './call.js'
import { send } from './send.js'
import { BLOB_SILENCE_MS, locationOf, uploadBlob, type BlobSource } from './upload.js'
import { corrupt, verified } from './verify.js'

export interface RegistryOptions {
  /** As users call it, e.g. `docker.io` or `localhost:5000`. */
  registry: string
  credentials: readonly CredentialProvider[]
  insecureRegistries?: readonly string[]
  now(): number
  /** Milliseconds before the second try. */
  firstDelayMs?: number
  /** Bytes of a piece where blobs go in pieces. */
  pieceBytes?: number
}

/** Enough for any manifest and configuration; https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests */
const DOCUMENT_BYTES_MAX = 4 * 1024 ** 2

const pull = (repository: string) => `repository:${repository}:pull`
const pullAndPush = (repository: string) => `repository:${repository}:pull,push`

export class Registry {
  readonly name: string
  readonly #options: RegistryOptions
  readonly #origin: string
  readonly #authorization: Authorization

  constructor(options: RegistryOptions) {
    this.#options = options
    this.name = options.registry
    this.#origin = apiOrigin(options.registry, options.insecureRegistries)
    this.#authorization = new Authorization({
      registry: this.name,
      origin: this.#origin,
      credentials: (signal) => this.#credentials(signal),
      send: (call) => this.#send(call),
      now: options.now,
    })
  }

  /** Digest of what a tag means now; undefined when there is no such manifest. */
  async manifestDigest(repository: string, reference: string, signal?: AbortSignal): Promise<string | undefined> {
    const call = this.#manifest('HEAD', repository, reference, signal)
    const answer = await this.#call(call, pull(repository))
    if (!answer.ok && answer.status !== 404) throw await refusal(answer, call)
    answer.drop()
    if (answer.status === 404) return undefined
    const digest = answer.header('docker-content-digest')
    return digest ?? (await this.getManifest(repository, reference, signal))?.digest
  }

  async getManifest(
    repository: string,
    reference: string,
    signal?: AbortSignal,
  ): Promise<RegistryDocument | undefined> {
    const call = this.#manifest('GET', repository, reference, signal)
    const answer = await this.#call(call, pull(repository))
    if (answer.status === 404) return answer.drop()
    if (!answer.ok) throw await refusal(answer, call)
    const body = await readWhole(answer.body, `${this.name}/${repository}`)
    const digest = digestOf(body)
    const expected = reference.startsWith('sha256:') ? reference : answer.header('docker-content-digest')
    if (expected && expected !== digest) throw corrupt({ digest: expected, from: this.name }, `a manifest of ${digest}`)
    return { mediaType: mediaTypeOf(answer), digest, body }
  }

  async putManifest(repository: string, tag: string, document: RegistryDocument, signal?: AbortSignal): Promise<void> {
    const call: Call = {
      ...this.#manifest('PUT', repository, tag, signal),
      headers: { 'content-type': document.mediaType },
      body: () => document.body,
    }
    const answer = await this.#call(call, pullAndPush(repository))
    if (answer.status !== 201) throw await refusal(answer, call)
    answer.drop()
    const digest = answer.header('docker-content-digest')
    if (digest && digest !== document.digest)
      throw corrupt({ digest: document.digest, from: this.name }, `the digest ${digest}`)
  }

  async hasBlob(repository: string, digest: string, signal?: AbortSignal): Promise<boolean> {
    const call: Call = { method: 'HEAD', url: this.#blob(repository, digest), signal }
    const answer = await this.#call(call, pull(repository))
    if (!answer.ok && answer.status !== 404) throw await refusal(answer, call)
    answer.drop()
    return answer.ok
  }

  /** A small blob as a whole. */
  async readBlob(repository: string, { digest, size }: Descriptor, signal?: AbortSignal): Promise<Buffer> {
    const content = await this.openBlob(repository, { digest, size }, signal)
    return readWhole(content, `${this.name}/${repository}@${digest}`)
  }

  /** Throws at its end when it is not what its digest says. */
  async openBlob(
    repository: string,
    { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
    signal?: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const call: Call = { method: 'GET', url: this.#blob(repository, digest), silenceMs: BLOB_SILENCE_MS, signal }
    const answer = await this.#call(call, pull(repository))
    if (!answer.ok) throw await refusal(answer, call)
    return verified(answer.body, { digest, size, from: `${this.name}/${repository}` })
  }

  /** Its last bytes; undefined where the registry does not give parts. Not verified: a part has no digest. */
  async blobEnd(
    repository: string,
    { digest, size }: Descriptor,
    bytes: number,
    signal?: AbortSignal,
  ): Promise<Buffer | undefined> {
    const headers = { range: `bytes=${Math.max(0, size - bytes)}-${size - 1}` }
    const answer = await this.#call(
      { method: 'GET', url: this.#blob(repository, digest), headers, signal },
      pull(repository),
    )
    if (answer.status !== 206) return answer.drop()
    return readWhole(answer.body, `${this.name}/${repository}@${digest}`)
  }

  /** Makes a blob of another repository of this registry one of this repository; else uploads it. */
  async mountBlob(
    repository: string,
    from: string,
    source: BlobSource,
    signal?: AbortSignal,
  ): Promise<'mounted' | 'uploaded'> {
    const scope = `${pullAndPush(repository)} ${pull(from)}`
    const call: Call = { method: 'POST', url: this.#uploads(repository, { mount: source.digest, from }), signal }
    const answer = await this.#call(call, scope)
    const location = answer.header('location')
    if (answer.status !== 201 && (answer.status !== 202 || !location)) throw await refusal(answer, call)
    answer.drop()
    if (answer.status === 201) return 'mounted'
    await this.putBlob(repository, source, signal, new URL(location!, call.url))
    return 'uploaded'
  }

  /** `begun`: where it goes, if an upload was started already. */
  putBlob(repository: string, source: BlobSource, signal?: AbortSignal, begun?: URL): Promise<void> {
    const call = (request: Call) => this.#call(request, pullAndPush(repository))
    const start = () => locationOf(call, { method: 'POST', url: this.#uploads(repository), signal })
    const { pieceBytes } = this.#options
    return uploadBlob({ source, start, call, signal, ...(pieceBytes === undefined ? {} : { pieceBytes }) }, begun)
  }

  /** Makes the repository where somebody knows how, and that is needed. */
  async prepareRepository(repository: string, signal?: AbortSignal): Promise<void> {
    for (const provider of this.#options.credentials) await provider.prepareRepository?.(this.name, repository, signal)
  }

  /** Signed as the registry wants it; a first refusal says how, or that a token has run out. A stream cannot be sent again. */
  async #call(call: Call, scope: string): Promise<Answer> {
    const answer = await this.#send(await this.#signed(call, scope))
    const isAgain = answer.status === 401 && call.tries !== 1 && (await this.#authorization.learn(answer, scope))
    return isAgain ? this.#send(await this.#signed(call, scope)) : answer
  }

  async #signed(call: Call, scope: string): Promise<Call> {
    if (call.url.origin !== this.#origin) return call
    const authorization = await this.#authorization.header(scope, call.signal)
    return authorization === undefined ? call : { ...call, headers: { ...call.headers, authorization } }
  }

  #send(call: Call): Promise<Answer> {
    const { firstDelayMs } = this.#options
    return send(call, firstDelayMs === undefined ? {} : { firstDelayMs })
  }

  async #credentials(signal?: AbortSignal) {
    for (const provider of this.#options.credentials) {
      const found = await provider.credentialsFor(this.name, signal)
      if (found) return found
    }
    return undefined
  }

  #manifest(method: Call['method'], repository: string, reference: string, signal?: AbortSignal): Call {
    const url = new URL(`/v2/${repository}/manifests/${reference}`, this.#origin)
    return { method, url, headers: { accept: ACCEPTED }, signal }
  }

  #blob(repository: string, digest: string): URL {
    return new URL(`/v2/${repository}/blobs/${digest}`, this.#origin)
  }

  #uploads(repository: string, query: Record<string, string> = {}): URL {
    const url = new URL(`/v2/${repository}/blobs/uploads/`, this.#origin)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return url
  }
}

async function readWhole(content: AsyncIterable<Uint8Array>, name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of content) {
    size += chunk.length
    if (size > DOCUMENT_BYTES_MAX) throw tooLarge(name)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const tooLarge = (name: string) =>
  new SpillwayError(
    'image-refused',
    `${name} is not an image: its description is over ${formatBytes(DOCUMENT_BYTES_MAX)} long.`,
  )

/** Without its parameters. */
const mediaTypeOf = (answer: Answer) => (answer.header('content-type') ?? '').split(';')[0]!.trim()
