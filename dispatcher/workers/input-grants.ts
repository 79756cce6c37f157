/** Grants for the input of an attempt: the object, or the request body that the dispatcher keeps. */
import type { InputGrant } from '../../runtime/contract/grant.js'
import { attemptId } from '../../runtime/contract/invocation.js'
import { baseName } from '../../runtime/contract/object-event.js'
import { RUNTIME_PATHS, type WorkerClaims } from '../../runtime/contract/runtime-api.js'
import type { Claim } from '../database/database.js'
import type { ObjectStore } from '../storage/object-store.js'
import { relayGrant, type Relay } from './relay-grant.js'

/** Milliseconds for which a grant outlives the attempt it is for. */
const GRACE_MS = 60_000

/** Bytes of a body that travel with the grant itself and save the worker a call. */
const INLINE_BYTES_MAX = 64 * 1024

export interface InputGrantsContext extends Relay {
  store(name: string): ObjectStore
}

export interface InputFacts {
  /** Of a request. */
  body?: Buffer
  deadlineMs: number
}

export class InputGrants {
  readonly #context: InputGrantsContext

  constructor(context: InputGrantsContext) {
    this.#context = context
  }

  storageType(name: string): ObjectStore['type'] {
    return this.#context.store(name).type
  }

  async forInput(claim: Claim, claims: WorkerClaims, { body, deadlineMs }: InputFacts): Promise<InputGrant> {
    const expiresAt = deadlineMs + GRACE_MS
    if (claim.input.kind === 'request') return this.#forBody(claim, claims, { body, expiresAt })
    const { storage, bucket, key, version } = claim.input.event
    const object = { bucket, key, ...(version === undefined ? {} : { version }) }
    const grant = await this.#context.store(storage).grantRead(object, expiresAt)
    const isOutOfReach = grant.url.startsWith('file:') && !claims.sharesDisk
    const path = RUNTIME_PATHS.input(attemptId(claim.invocation, claim.attempt))
    const relay = isOutOfReach ? relayGrant(this.#context, path, claims) : {}
    return { ...grant, ...relay, method: 'GET', name: baseName(key) }
  }

  #forBody(claim: Claim, claims: WorkerClaims, facts: { body?: Buffer; expiresAt: number }): InputGrant {
    const { body = Buffer.alloc(0), expiresAt } = facts
    const place =
      body.length <= INLINE_BYTES_MAX
        ? { url: `data:;base64,${body.toString('base64')}` }
        : relayGrant(this.#context, RUNTIME_PATHS.body(attemptId(claim.invocation, claim.attempt)), claims)
    return { method: 'GET', ...place, expiresAt, name: 'body', size: body.length }
  }
}
