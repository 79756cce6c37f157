/** Where results wait until their attempt is accepted: `<path>/.spillway/staging/<attempt>/<file>`. */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { errorCode, unlessMissing } from './faults.js'
import { OWN_PREFIX } from './key.js'

/** What `publish` needs to know, kept by others as text, perhaps for long: nothing in it is trusted. */
export interface Ticket {
  attempt: string
  file: string
  bucket: string
  key: string
  /** Entity tag of the object that had the key when this was staged. */
  before: string | null
}

const ATTEMPT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/
const FILE = /^[0-9a-f-]{36}$/

export class Staging {
  readonly #root: string

  constructor(storagePath: string) {
    this.#root = join(storagePath, OWN_PREFIX, 'staging')
  }

  /** A place for one file of an attempt; the file itself is not there yet. */
  async prepare(attempt: string): Promise<{ file: string; path: string }> {
    const file = randomUUID()
    const path = this.pathOf(attempt, file)
    await mkdir(dirname(path), { recursive: true })
    return { file, path }
  }

  pathOf(attempt: string, file: string): string {
    return join(this.#attemptFolder(attempt), file)
  }

  /** Removes the attempt's folder once it is empty. */
  async tidy(attempt: string): Promise<void> {
    try {
      await rmdir(this.#attemptFolder(attempt))
    } catch (error) {
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error
    }
  }

  async attempts(): Promise<string[]> {
    const names = (await unlessMissing(readdir(this.#root))) ?? []
    return names.filter((name) => ATTEMPT.test(name))
  }

  async discard(attempt: string): Promise<void> {
    await rm(this.#attemptFolder(attempt), { recursive: true, force: true, maxRetries: 3 })
  }

  #attemptFolder(attempt: string): string {
    if (!ATTEMPT.test(attempt)) throw new Error(`not the id of an attempt: ${JSON.stringify(attempt)}`)
    return join(this.#root, attempt)
  }
}

/** Throws `output-refused` for a text that no `stage` has written. */
export function readTicket(storage: string, text: string): Ticket {
  const { attempt, file, bucket, key, before } = parse(text)
  const isOurs =
    typeof attempt === 'string' &&
    ATTEMPT.test(attempt) &&
    typeof file === 'string' &&
    FILE.test(file) &&
    typeof bucket === 'string' &&
    typeof key === 'string' &&
    (typeof before === 'string' || before === null)
  if (isOurs) return { attempt, file, bucket, key, before }
  const advice = 'the record of the attempt is damaged; run the invocation again'
  throw new SpillwayError(
    'output-refused',
    `${storage}: a staged result cannot be found by ${text.slice(0, 200)}; ${advice}`,
  )
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
