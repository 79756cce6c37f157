/** A grant that leads to the dispatcher itself: the worker's own token opens it, for as long as it holds the attempt. */
import type { Grant } from '../../runtime/contract/grant.js'
import type { WorkerClaims } from '../../runtime/contract/runtime-api.js'

export interface Relay {
  /** Under which the workers of its back-end reach the dispatcher. */
  origin(claims: WorkerClaims): string
  token(claims: WorkerClaims): string
}

export const relayGrant = (relay: Relay, path: string, claims: WorkerClaims): Pick<Grant, 'url' | 'headers'> => ({
  url: relay.origin(claims) + path,
  headers: { authorization: `Bearer ${relay.token(claims)}` },
})
