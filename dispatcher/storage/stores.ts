/** All configured storages by name. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { ObjectStore } from './object-store.js'

export class Stores {
  readonly #stores: ReadonlyMap<string, ObjectStore>

  constructor(stores: readonly ObjectStore[]) {
    this.#stores = new Map(stores.map((store) => [store.name, store]))
  }

  names(): string[] {
    return [...this.#stores.keys()]
  }

  all(): ObjectStore[] {
    return [...this.#stores.values()]
  }

  get(name: string): ObjectStore {
    const store = this.#stores.get(name)
    if (store) return store
    throw new SpillwayError(
      'storage-unavailable',
      `Storage ${name} is not configured in this dispatcher; configured: ${this.names().join(', ') || 'none'}.`,
    )
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map((store) => store.close()))
  }
}
