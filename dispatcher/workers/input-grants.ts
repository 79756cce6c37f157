/** Grants for the input of an attempt: the object, or the request body that the dispatcher keeps. */
import type { InputGrant } from '../../runtime/contract/grant.js'
import { attemptId } from '../../runtime/contract/invocation.js'
import { baseName } from '../../runtime/contract/object-event.js'
import { RUNTIME_PATHS, type WorkerClaims } from '../../runtime/contract/runtime-api.js'
import type { Claim, Database } from '../database/database.js'
import type { ObjectStore } from '../storage/object-store.js'
import { relayGrant, type Relay } from './relay-grant.js'

/** Milliseconds for which a grant outlives the attempt it is for. */
const GRACE_MS = 60_000

/** Bytes of a JSON body up to which it is the script's `EVENT`; larger ones are only the input file. */
const EVENT_BODY_BYTES_MAX = 1024 ** 2

/** Bytes of a body that travel with the grant itself and save the worker a call. */
const INLINE_BYTES_MAX = 64 * 1024

export interface InputGrantsContext extends Relay {
  database: Database
  store(name: string): ObjectStore
}

export interface GrantedInput {
  grant: InputGrant
  /** For requests: the body where it is JSON, else what is known about it. */
  event?: unknown
}

export class InputGrants {
  readonly #context: InputGrantsContext

  constructor(context: InputGrantsContext) {
    this.#context = context
  }

  storageType(name: string): ObjectStore['type'] {
    return this.#context.store(name).type
  }

  async forInput(claim: Claim, claims: WorkerClaims, deadlineMs: number): Promise<GrantedInput> {
    const expiresAt = deadlineMs + GRACE_MS
    if (claim.input.kind === 'request') return this.#forBody(claim, claims, expiresAt)
    const { storage, bucket, key } = claim.input.event
    const grant = await this.#context.store(storage).grantRead({ bucket, key }, expiresAt)
    const isOutOfReach = grant.url.startsWith('file:') && !claims.sharesDisk
    const path = RUNTIME_PATHS.input(attemptId(claim.invocation, claim.attempt))
    const relay = isOutOfReach ? relayGrant(this.#context, path, claims) : {}
    return { grant: { ...grant, ...relay, method: 'GET', name: baseName(key) } }
  }

  async #forBody(claim: Claim, claims: WorkerClaims, expiresAt: number): Promise<GrantedInput> {
    if (claim.input.kind !== 'request') throw new Error('only a request has a body')
    const body = (await this.#context.database.getBody(claim.invocation)) ?? Buffer.alloc(0)
    const { contentType, size } = claim.input
    return {
      grant: {
        method: 'GET',
        ...(body.length <= INLINE_BYTES_MAX
          ? { url: `data:;base64,${body.toString('base64')}` }
          : relayGrant(this.#context, RUNTIME_PATHS.body(attemptId(claim.invocation, claim.attempt)), claims)),
        expiresAt,
        name: 'body',
        size,
      },
      event: jsonBody(body) ?? { body: { contentType, size } },
    }
  }
}

function jsonBody(body: Buffer): unknown {
  if (body.length === 0 || body.length > EVENT_BODY_BYTES_MAX) return undefined
  try {
    return JSON.parse(body.toString('utf8')) as unknown
  } catch {
    return undefined
  }
}
