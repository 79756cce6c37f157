/** A cluster as an installation sees it: objects in memory, one resource version per change. */
import type { Manifest } from '../../dispatcher/install/manifest.js'
import { formatKey, keyOf, type Found, type ObjectKey, type Target } from '../../dispatcher/install/target.js'

export class FakeTarget implements Target {
  readonly objects = new Map<string, Found>()
  #version = 0

  read = async (key: ObjectKey) => this.objects.get(formatKey(key))

  async apply(manifest: Manifest, dry: boolean): Promise<Found> {
    const key = formatKey(keyOf(manifest))
    const before = this.objects.get(key)
    const { resourceVersion = '', uid = key } = before?.metadata ?? {}
    const same = { ...manifest, metadata: { ...manifest.metadata, uid, resourceVersion } } as Found
    if (JSON.stringify(before) === JSON.stringify(same)) return same
    const changed = { ...same, metadata: { ...same.metadata, resourceVersion: String(++this.#version) } }
    if (!dry) this.objects.set(key, changed)
    return changed
  }

  async remove(key: ObjectKey, dry: boolean): Promise<void> {
    if (!dry) this.objects.delete(formatKey(key))
  }

  async list({ kind, namespace }: Omit<ObjectKey, 'name'>, selector = ''): Promise<Found[]> {
    const wanted = selector.split(',').filter((pair) => pair !== '')
    return [...this.objects.values()].filter(
      (found) =>
        found.kind === kind &&
        (namespace === undefined || found.metadata?.namespace === namespace) &&
        wanted.every((pair) => found.metadata?.labels?.[pair.split('=')[0]!] === pair.split('=')[1]),
    )
  }
}
