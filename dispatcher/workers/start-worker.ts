/**
 * The first call of a worker that was started with nothing but a start token: it gets its real token, the function and
 * the function's files. Once: a script that finds the start token later gains nothing by it.
 */
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { PackagedFile } from '../../runtime/contract/dispatcher-api.js'
import type { InputGrant } from '../../runtime/contract/grant.js'
import type { Release } from '../../runtime/contract/release.js'
import { RUNTIME_PATHS, type StartAnswer, type WorkerClaims } from '../../runtime/contract/runtime-api.js'
import type { WorkerBackend } from '../backends/backend.js'
import type { Database } from '../database/database.js'
import { relayGrant, type Relay } from './relay-grant.js'
import type { StartVerdict, WorkerBook } from './worker-book.js'
import { WORKER_TOKEN_MS } from './worker-token.js'

/** Bytes of files that travel with the answer itself; the worker fetches the others, so that it never holds them in memory. */
const INLINE_BYTES_MAX = 512 * 1024

export interface StartWorkerContext extends Relay {
  book: WorkerBook
  database: Pick<Database, 'runningAttempts' | 'shared'>
  backends: readonly WorkerBackend[]
  release(name: string, number: number): Promise<Release>
  packageOf(release: Release): Promise<PackagedFile[]>
  /** The worker gets its function. */
  onStarted(claims: WorkerClaims): void
  now(): number
}

export class StartWorker {
  readonly #context: StartWorkerContext

  constructor(context: StartWorkerContext) {
    this.#context = context
  }

  async start(claims: WorkerClaims, nonce: string): Promise<StartAnswer> {
    await this.#mustBeFirst(claims, nonce)
    const { release: releaseOf, packageOf, backends, now, token } = this.#context
    const release = await releaseOf(claims.function, claims.release)
    const backend = backends.find(({ limits }) => limits.name === claims.backend)
    if (!backend?.workerFile) throw new Error(`workers of ${claims.backend} do not start with a start token`)
    const session = { ...claims, expiresAt: now() + WORKER_TOKEN_MS }
    const files = await packageOf(release)
    const worker = await backend.workerFile(claims.worker, release)
    this.#context.onStarted(claims)
    return {
      token: token(session),
      worker,
      files: this.#grants(files, session),
    }
  }

  /** Content of the file of that number in the worker's package. */
  async file(claims: WorkerClaims, number: number): Promise<Buffer> {
    const release = await this.#context.release(claims.function, claims.release)
    const file = (await this.#context.packageOf(release))[number]
    if (!file) throw new SpillwayError('object-not-found', `${claims.function} has no file number ${number}.`)
    return Buffer.from(file.data, 'base64')
  }

  /** After a restart the book is empty, but a worker that runs something has certainly started. */
  async #mustBeFirst(claims: WorkerClaims, nonce: string): Promise<void> {
    const { worker } = claims
    const verdict = await this.#spend(claims, nonce)
    if (verdict === 'unknown')
      throw new SpillwayError('worker-dismissed', `Worker ${worker} is not wanted any more; it may end.`)
    const attempts = await this.#context.database.runningAttempts()
    if (verdict === 'spent' || attempts.some((attempt) => attempt.worker === worker))
      throw new SpillwayError('token-invalid', `The start token of worker ${worker} has been used before.`)
  }

  /** Where there are several dispatchers, a token that is spent at one is spent at all. */
  async #spend(claims: WorkerClaims, nonce: string): Promise<StartVerdict> {
    const { book, database, now } = this.#context
    if (!database.shared) return book.start(claims.worker, nonce)
    const verdict = await database.shared.spendStart(claims.worker, nonce, now())
    if (verdict === 'started') book.admit(claims)
    return verdict === 'dismissed' ? 'unknown' : verdict
  }

  #grants(files: readonly PackagedFile[], claims: WorkerClaims): StartAnswer['files'] {
    let inline = 0
    return files.map(({ path: name, mode, data }, number) => {
      const size = Buffer.byteLength(data, 'base64')
      const fits = inline + size <= INLINE_BYTES_MAX
      if (fits) inline += size
      const way = fits
        ? { url: `data:;base64,${data}` }
        : relayGrant(this.#context, RUNTIME_PATHS.packaged(number), claims)
      const grant: InputGrant = { method: 'GET', name, size, expiresAt: claims.expiresAt, ...way }
      return { mode, grant }
    })
  }
}
