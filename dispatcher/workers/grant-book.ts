/** What running attempts were granted for their results: in memory, or where every dispatcher sees it. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import { attemptId } from '../../runtime/contract/invocation.js'
import type { AttemptRef, StagedOutput } from '../database/database.js'
import type { Shared } from '../database/shared.js'

export interface Granted {
  /** By name of the result. */
  staged: Map<string, StagedOutput[]>
  /** `file:` URLs that stayed here because the worker does not share the disk; it has their numbers. */
  files: string[]
}

export interface GrantBook {
  /** Empty when nothing was granted, or the attempt has ended. */
  load(ref: AttemptRef): Promise<Granted>
  save(ref: AttemptRef, granted: Granted): Promise<void>
  forget(ref: AttemptRef): void
}

export class GrantsInMemory implements GrantBook {
  readonly #granted = new Map<string, Granted>()

  async load(ref: AttemptRef): Promise<Granted> {
    return this.#granted.get(idOf(ref)) ?? { staged: new Map(), files: [] }
  }

  async save(ref: AttemptRef, granted: Granted): Promise<void> {
    this.#granted.set(idOf(ref), granted)
  }

  forget(ref: AttemptRef): void {
    this.#granted.delete(idOf(ref))
  }
}

interface KeptGrants {
  staged: [name: string, outputs: StagedOutput[]][]
  files: string[]
}

/** Forgotten by the database once the attempt has ended. */
export class SharedGrants implements GrantBook {
  readonly #shared: Pick<Shared, 'grants' | 'keepGrants'>

  constructor(shared: Pick<Shared, 'grants' | 'keepGrants'>) {
    this.#shared = shared
  }

  async load(ref: AttemptRef): Promise<Granted> {
    const { staged, files } = JSON.parse((await this.#shared.grants(ref)) ?? NOTHING) as KeptGrants
    return { staged: new Map(staged), files }
  }

  async save(ref: AttemptRef, { staged, files }: Granted): Promise<void> {
    const kept = { staged: [...staged], files } satisfies KeptGrants
    if (await this.#shared.keepGrants(ref, JSON.stringify(kept))) return
    throw new SpillwayError('attempt-fenced', `Attempt ${idOf(ref)} has ended meanwhile; its results are not taken.`)
  }

  forget(): void {}
}

const NOTHING = '{"staged":[],"files":[]}'

const idOf = ({ invocation, attempt }: AttemptRef) => attemptId(invocation, attempt)
