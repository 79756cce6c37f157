/** A grant that leads to the dispatcher itself: the worker's own token opens it, for as long as it holds the attempt. */
import type { Grant } from '../../runtime/contract/grant.js'
import type { WorkerClaims } from '../../runtime/contract/runtime-api.js'

export interface Relay {
  /** Origin under which this back-end's workers reach the dispatcher. */
  origin(): string
  token(claims: WorkerClaims): string
}

export const relayGrant = (relay: Relay, path: string, claims: WorkerClaims): Pick<Grant, 'url' | 'headers'> => ({
  url: relay.origin() + path,
  headers: { authorization: `Bearer ${relay.token(claims)}` },
})
