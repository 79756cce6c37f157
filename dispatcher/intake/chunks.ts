/**
 * Cuts a listing into chunks that stay the same where the listing does: a chunk ends where a key says so, not after a
 * count, so that one new object changes one chunk and not all that come after it.
 */
import { createHash, type Hash } from 'node:crypto'
import { eventIdentity, type ObjectEvent } from '../../runtime/contract/object-event.js'

export interface Chunk {
  events: ObjectEvent[]
  /** The same for the same events in the same order. */
  digest: string
}

/** Events of a chunk, on average and at most. */
const TYPICAL = 256
const MOST = 1000

export async function* inChunks(listing: AsyncIterable<ObjectEvent>): AsyncGenerator<Chunk> {
  let events: ObjectEvent[] = []
  let hash = createHash('sha256')
  for await (const event of listing) {
    events.push(event)
    hash.update(eventIdentity(event))
    if (events.length < MOST && !endsChunk(event.key)) continue
    yield { events, digest: digestOf(hash) }
    events = []
    hash = createHash('sha256')
  }
  if (events.length > 0) yield { events, digest: digestOf(hash) }
}

const digestOf = (hash: Hash) => hash.digest('base64')

/** One key of so many; https://datatracker.ietf.org/doc/html/draft-eastlake-fnv (FNV-1a) */
function endsChunk(key: string): boolean {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return (hash >>> 8) % TYPICAL === 0
}
