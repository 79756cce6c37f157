/** One inotify watch per folder. Node's own recursive mode looks at every file itself on Linux, and is slow at it. */
import { watch, type BigIntStats } from 'node:fs'
import { join } from 'node:path'
import { errorCode, isMissing } from './faults.js'
import type { BucketRoot } from './inside.js'

/** The part of `fs.watch` that is used. */
export type WatchFolder = (path: string, changed: (type: string, name: string | null) => void) => Watcher

interface Watcher {
  close(): void
  on(event: 'error', listener: (error: Error) => void): unknown
}

export type FolderFacts = Pick<BigIntStats, 'ino' | 'birthtimeNs'>

export interface FolderWatchesOptions {
  root: BucketRoot
  /** Something happened to a name in a watched folder. */
  noticed: (key: string) => void
  /** A folder cannot be watched. */
  refused: (path: string, error: Error) => void
  watchFolder?: WatchFolder | undefined
}

export class FolderWatches {
  /** By path in the bucket; '' is the bucket itself. */
  readonly #watched = new Map<string, { identity: string; watcher: Watcher | undefined }>()

  constructor(private readonly options: FolderWatchesOptions) {}

  isWatched(path: string, folder: FolderFacts): boolean {
    return this.#watched.get(path)?.identity === identityOf(folder)
  }

  /** Begins to watch a folder; false when that very folder is watched already or is gone. */
  begin(path: string, folder: FolderFacts): boolean {
    if (this.isWatched(path, folder)) return false
    const identity = identityOf(folder)
    this.end(path)
    try {
      this.#watched.set(path, { identity, watcher: this.#open(path) })
    } catch (error) {
      if (isMissing(error)) return false
      this.options.refused(path, error as Error)
      this.#watched.set(path, { identity, watcher: undefined })
    }
    return true
  }

  /** Ends the watches of a folder and of everything below it. */
  end(path: string): void {
    if (!this.#watched.has(path)) return
    for (const other of this.#watched.keys()) if (isAtOrBelow(path, other)) this.#close(other)
  }

  #open(path: string): Watcher {
    const open = this.options.watchFolder ?? watchWithNode
    const folder = path === '' ? '' : `${path}/`
    const watcher = open(join(this.options.root, path), (_type, name) => {
      if (name !== null) this.options.noticed(folder + name)
    })
    watcher.on('error', (error) => this.options.refused(path, error))
    return watcher
  }

  #close(path: string): void {
    this.#watched.get(path)?.watcher?.close()
    this.#watched.delete(path)
  }
}

/** Tells a folder from a later one of the same name, which often gets the same inode. */
const identityOf = ({ ino, birthtimeNs }: FolderFacts) => `${ino}-${birthtimeNs}`

const isAtOrBelow = (path: string, other: string) => path === '' || other === path || other.startsWith(`${path}/`)

const watchWithNode: WatchFolder = (path, changed) => watch(path, changed)

/** What to tell a person about a folder that cannot be watched. */
export function explainRefusal(error: Error): string {
  const later = 'what is written there is found by the next listing'
  const code = errorCode(error)
  if (code === 'ENOSPC') return `the system has no file watches left; ${later}. Raise fs.inotify.max_user_watches`
  if (code === 'EMFILE') return `the system has no watchers left; ${later}. Raise fs.inotify.max_user_instances`
  return `a folder cannot be watched (${error.message}); ${later}`
}
