/**
 * Files of a bucket as they are written: a watch on every folder, and a look at each file until it has settled.
 * What is in a folder when its watch begins is found by reading it, so a tree that is copied in is seen as a whole.
 */
import type { BigIntStats } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { BucketMissing, errorCode, LeadsOutside, unlessMissing } from './faults.js'
import { explainRefusal, FolderWatches, type WatchFolder } from './folder-watches.js'
import { lookInside, type BucketRoot } from './inside.js'
import { OWN_PREFIX } from './key.js'
import { Settling, type Pending } from './settling.js'

export interface FileWatch {
  root: BucketRoot
  settleMs: number
  /** When the watch was asked for: what has changed since then is found though reading the folders takes a while. */
  sinceMs: number
  now: () => number
  /** A file has settled. */
  settled: (key: string, facts: BigIntStats) => void
  /** Told what is left out; the same message may come again. */
  log: (message: string) => void
  /** Begins to watch one folder; `fs.watch` unless a test says otherwise. */
  watchFolder?: WatchFolder | undefined
}

/** Resolves once the signal has aborted; rejects when the bucket itself goes away. */
export async function watchFiles(options: FileWatch, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const watching = new Watching(options)
  try {
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
      watching.start(reject)
    })
  } finally {
    watching.stop()
  }
}

/** Milliseconds from a notification to the look at the file, so that the many of one file are one. */
const LOOK_AFTER_MS = 10
const LOOKS_PER_ROUND = 512
const LOOKS_AT_ONCE = 8
const PENDING_MAX = 100_000
/** Milliseconds by which the time of a change may lie before the clock: file systems use a coarser one. */
const CLOCK_GRAIN_MS = 50

class Watching {
  readonly #settling: Settling
  readonly #folders: FolderWatches
  #failed: (error: unknown) => void = () => {}
  #stopped = false
  #looking = false
  #timer: NodeJS.Timeout | undefined
  #wakeAt = Infinity

  constructor(private readonly options: FileWatch) {
    this.#settling = new Settling(options.settleMs, PENDING_MAX)
    this.#folders = new FolderWatches({
      root: options.root,
      watchFolder: options.watchFolder,
      noticed: (key) => this.#notice(key),
      refused: (_path, error) => this.options.log(explainRefusal(error)),
    })
  }

  start(failed: (error: unknown) => void): void {
    this.#failed = failed
    this.#enter('', this.options.sinceMs - CLOCK_GRAIN_MS).catch(failed)
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#folders.end('')
  }

  async #enter(path: string, changedSinceMs?: number): Promise<void> {
    const { root } = this.options
    const found = await lookInside(root, join(root, path))
    const isFolder = found?.real === join(root, path) && found.facts.isDirectory()
    if (!isFolder || this.#stopped || !this.#folders.begin(path, found.facts)) return
    for await (const entry of (await unlessMissing(opendir(found.real))) ?? []) {
      if (this.#stopped) return
      const key = path === '' ? entry.name : `${path}/${entry.name}`
      if (entry.name.startsWith(OWN_PREFIX)) continue
      if (entry.isDirectory()) await this.#enterIfAllowed(key, changedSinceMs)
      else if (await this.#changedSince(key, changedSinceMs)) this.#notice(key)
    }
  }

  async #changedSince(key: string, ms: number | undefined): Promise<boolean> {
    if (ms === undefined) return true
    const facts = await unlessMissing(lstat(join(this.options.root, key)))
    return facts !== undefined && facts.ctimeMs >= ms
  }

  async #enterIfAllowed(path: string, changedSinceMs?: number): Promise<void> {
    try {
      await this.#enter(path, changedSinceMs)
    } catch (error) {
      this.#skipOrThrow(error)
    }
  }

  #notice(key: string): void {
    if (this.#stopped || basename(key).startsWith(OWN_PREFIX)) return
    const now = this.options.now()
    if (!this.#settling.notice(key, now)) {
      this.options.log(`more than ${PENDING_MAX} files are being written; the rest is found by the next listing`)
    }
    this.#wake(now + LOOK_AFTER_MS)
  }

  #wake(at: number): void {
    if (this.#looking || this.#stopped || at >= this.#wakeAt) return
    clearTimeout(this.#timer)
    this.#wakeAt = at
    this.#timer = setTimeout(() => this.#round().catch(this.#failed), Math.max(0, at - this.options.now()))
  }

  async #round(): Promise<void> {
    this.#looking = true
    const taken = this.#settling.take(this.options.now(), LOOKS_PER_ROUND).values()
    await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, () => this.#lookAtEach(taken)))
    this.#looking = false
    this.#wakeAt = Infinity
    const next = this.#settling.nextLook()
    if (next !== undefined) this.#wake(Math.max(next, this.options.now() + LOOK_AFTER_MS))
  }

  async #lookAtEach(pending: IterableIterator<Pending>): Promise<void> {
    for (const one of pending) {
      try {
        if (!this.#stopped) await this.#look(one)
      } catch (error) {
        this.#skipOrThrow(error)
      }
    }
  }

  async #look(pending: Pending): Promise<void> {
    const { root, now, settled } = this.options
    const path = join(root, pending.key)
    const found = await lookInside(root, path)
    if (!found) return this.#vanished(pending.key)
    if (found.facts.isDirectory()) return this.#enter(pending.key)
    if (!found.facts.isFile() || !this.#settling.looked(pending, found.facts, now())) return
    if (!this.#stopped) settled(pending.key, found.facts)
  }

  /** A folder reports its own end under its own name. */
  async #vanished(key: string): Promise<void> {
    const { root } = this.options
    this.#folders.end(key)
    if (key !== basename(root)) return
    const found = await lookInside(root, root)
    if (!found || !this.#folders.isWatched('', found.facts)) throw new BucketMissing(root)
  }

  #skipOrThrow(error: unknown): void {
    if (error instanceof LeadsOutside) return
    if (errorCode(error) !== 'EACCES') throw error
    this.options.log(`a folder is left out: ${(error as Error).message}`)
  }
}
