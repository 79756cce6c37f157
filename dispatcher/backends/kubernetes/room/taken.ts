/** What pods take of the nodes that have them. Pure. */
import type { Pod } from '../cluster/objects.js'
import { total, type Amounts } from './amounts.js'
import { effectiveRequest } from './effective-request.js'

/** By the name of the node. */
export type Taken = ReadonlyMap<string, Amounts>

/** What has ended takes nothing any more. */
const ENDED = ['Succeeded', 'Failed']

export function takenBy(pods: readonly Pod[]): Taken {
  const taken = new Map<string, Amounts>()
  for (const { spec, status } of pods) {
    const node = spec?.nodeName
    if (!spec || !node || ENDED.includes(status?.phase ?? '')) continue
    taken.set(node, total(taken.get(node) ?? {}, effectiveRequest(spec)))
  }
  return taken
}
