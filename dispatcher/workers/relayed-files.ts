/**
 * Files of a storage on the dispatcher's own disk, for workers that do not share it: the dispatcher passes them on. A
 * worker names an attempt that it holds and a number that it was given, never a path.
 */
import { constants } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { WorkerClaims } from '../../runtime/contract/runtime-api.js'
import type { RunningAttempt } from '../database/database.js'
import type { ObjectStore } from '../storage/object-store.js'
import type { OutputGrants } from './output-grants.js'

export interface RelayedFilesContext {
  /** The attempt while the worker holds it; throws otherwise. */
  held(id: string, claims: WorkerClaims): Promise<RunningAttempt>
  store(name: string): ObjectStore
  outputs: OutputGrants
}

export class RelayedFiles {
  readonly #context: RelayedFilesContext

  constructor(context: RelayedFilesContext) {
    this.#context = context
  }

  /** The attempt's input object. */
  async read(id: string, claims: WorkerClaims): Promise<Readable> {
    const { input } = await this.#context.held(id, claims)
    if (input.kind !== 'object')
      throw new SpillwayError('invalid-request', `The input of attempt ${id} is a request body, not an object.`)
    const { storage, bucket, key } = input.event
    return this.#context.store(storage).read({ bucket, key })
  }

  /** Resolves once the result is in its staging place and on the disk; a transfer that breaks off leaves nothing there. */
  async write(id: string, claims: WorkerClaims, { number, content }: { number: number; content: Readable }) {
    const attempt = await this.#context.held(id, claims)
    const url = await this.#context.outputs.fileOf(attempt, number)
    if (url === undefined)
      throw new SpillwayError(
        'output-refused',
        `No result number ${number} was granted to attempt ${id}; ask for grants again.`,
      )
    await receive(content, fileURLToPath(url))
  }
}

/** A file of an earlier try is written anew; a link in its place is not followed. */
const WRITE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW

async function receive(content: Readable, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const file = await open(path, WRITE, 0o644)
  try {
    for await (const chunk of content) await file.appendFile(chunk as Uint8Array)
    await file.sync()
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}
