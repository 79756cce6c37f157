/**
 * Which unfinished uploads an attempt has. Stores cannot be asked: listings of uploads say nothing of who began them, and
 * MinIO's know only what one server remembers. So they are kept in memory and, for the next life of the dispatcher, in one
 * small file per attempt. What even that loses (the disk of the dispatcher is gone) the store clears up by its own rule
 * for stale uploads.
 */
import { appendFile, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectRef } from '../object-store.js'

export interface Upload extends ObjectRef {
  /** Id of the multipart upload. */
  upload: string
}

/** Also the name of a file. */
const ATTEMPT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/

export class UploadBook {
  readonly #open = new Map<string, Map<string, Upload>>()
  readonly #folder: string | undefined
  #made: Promise<unknown> | undefined

  /** Without a folder it is in memory only. */
  constructor(folder: string | undefined) {
    this.#folder = folder
  }

  async add(attempt: string, { bucket, key, upload }: Upload): Promise<void> {
    const file = this.#fileOf(attempt)
    const uploads = await this.#uploadsOf(attempt)
    uploads.set(upload, { bucket, key, upload })
    if (file === undefined) return
    await this.#makeFolder()
    await appendFile(file, `${JSON.stringify({ bucket, key, upload })}\n`)
  }

  /** The upload is no more: its object is visible, or it was thrown away. */
  close(attempt: string, upload: string): void {
    this.#open.get(attempt)?.delete(upload)
  }

  /** Uploads that may be unfinished, also of an earlier life. */
  async open(attempt: string): Promise<Upload[]> {
    return [...(await this.#uploadsOf(attempt)).values()]
  }

  async attempts(): Promise<string[]> {
    const kept = this.#folder === undefined ? [] : await readdir(this.#folder).catch(nothingThere<string[]>([]))
    return [...new Set([...this.#open.keys(), ...kept.filter((name) => ATTEMPT.test(name))])]
  }

  async forget(attempt: string): Promise<void> {
    this.#open.delete(attempt)
    const file = this.#fileOf(attempt)
    if (file !== undefined) await rm(file, { force: true })
  }

  #makeFolder(): Promise<unknown> {
    this.#made ??= mkdir(this.#folder!, { recursive: true }).catch((error: unknown) => {
      this.#made = undefined
      throw error
    })
    return this.#made
  }

  async #uploadsOf(attempt: string): Promise<Map<string, Upload>> {
    const kept = this.#open.has(attempt) ? [] : await this.#read(attempt)
    const uploads = this.#open.get(attempt) ?? new Map(kept.map((upload) => [upload.upload, upload]))
    this.#open.set(attempt, uploads)
    return uploads
  }

  async #read(attempt: string): Promise<Upload[]> {
    const file = this.#fileOf(attempt)
    if (file === undefined) return []
    const text = await readFile(file, 'utf8').catch(nothingThere(''))
    return text.split('\n').flatMap((line) => parseLine(line) ?? [])
  }

  #fileOf(attempt: string): string | undefined {
    if (!ATTEMPT.test(attempt)) throw new Error(`not the id of an attempt: ${JSON.stringify(attempt)}`)
    return this.#folder === undefined ? undefined : join(this.#folder, attempt)
  }
}

/** A power cut may have left half a line. */
function parseLine(line: string): Upload | undefined {
  try {
    const { bucket, key, upload } = JSON.parse(line) as Record<string, unknown>
    const areTexts = typeof bucket === 'string' && typeof key === 'string' && typeof upload === 'string'
    return areTexts ? { bucket, key, upload } : undefined
  } catch {
    return undefined
  }
}

const nothingThere =
  <T>(instead: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return instead
    throw error
  }
