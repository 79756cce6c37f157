/** Grants for the input of an attempt: the object, or the request body that the dispatcher keeps. */
import type { InputGrant } from '../../runtime/contract/grant.js'
import { attemptId } from '../../runtime/contract/invocation.js'
import { baseName } from '../../runtime/contract/object-event.js'
import { RUNTIME_PATHS, type WorkerClaims } from '../../runtime/contract/runtime-api.js'
import type { Claim, Database } from '../database/database.js'
import type { ObjectStore } from '../storage/object-store.js'

/** Milliseconds for which a grant outlives the attempt it is for. */
const GRACE_MS = 60_000

/** Bytes of a JSON body up to which it is the script's `EVENT`; larger ones are only the input file. */
const EVENT_BODY_BYTES_MAX = 1024 ** 2

export interface InputGrantsContext {
  database: Database
  store(name: string): ObjectStore
  /** Origin under which this back-end's workers reach the dispatcher. */
  origin(): string
  token(claims: WorkerClaims): string
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
    return { grant: { ...grant, method: 'GET', name: baseName(key) } }
  }

  async #forBody(claim: Claim, claims: WorkerClaims, expiresAt: number): Promise<GrantedInput> {
    if (claim.input.kind !== 'request') throw new Error('only a request has a body')
    const body = (await this.#context.database.getBody(claim.invocation)) ?? Buffer.alloc(0)
    const { contentType, size } = claim.input
    return {
      grant: {
        method: 'GET',
        url: this.#context.origin() + RUNTIME_PATHS.body(attemptId(claim.invocation, claim.attempt)),
        headers: { authorization: `Bearer ${this.#context.token(claims)}` },
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
