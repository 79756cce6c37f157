/** Hands work out, and enters it into the books. What may not go to a public back-end now is decided about again. */
import { isPublic, type BackendName } from '../../runtime/contract/function-spec.js'
import type { Decision } from '../../runtime/contract/decision.js'
import type { Release } from '../../runtime/contract/release.js'
import type {
  AttemptRef,
  Claim,
  ClaimRequest,
  Database,
  Held,
  RunningAttempt,
  TakenBack,
} from '../database/database.js'
import type { Aside } from '../outages.js'
import type { Routing } from './routing.js'
import { workOf } from './routing.js'
import type { SpillVerdict } from '../router/spill.js'

type Stay = Extract<SpillVerdict, { stay: unknown }>

/** Pieces of work that are decided about again before others get their turn. */
const POSTPONED_MAX = 20

/** Milliseconds after which it is asked again at the latest. */
const ASK_AGAIN_MS = 3_600_000

export type TakenWork = AttemptRef & Pick<RunningAttempt, 'function' | 'release'>

export interface ClaimsContext {
  database: Database
  routing: Routing
  now(): number
}

export class Claims {
  readonly #context: ClaimsContext

  constructor(context: ClaimsContext) {
    this.#context = context
  }

  /** As `claim` of the database, for a release that is at hand. */
  async claim(request: ClaimRequest, release: Release): Promise<Claim | undefined> {
    for (let postponed = 0; postponed < POSTPONED_MAX; postponed++) {
      if (!this.#context.routing.mayTake(request.backend, release)) return undefined
      const claim = await this.#context.database.claim(request)
      if (!claim) return undefined
      const verdict = this.#verdict(request.backend, claim, release)
      if (!verdict || 'to' in verdict) {
        const cost = verdict ? { cost: verdict.cost } : {}
        this.#context.routing.started({ ...claim, release, backend: request.backend, ...cost })
        return claim
      }
      await this.#postpone(claim, release, verdict)
    }
    return undefined
  }

  /** The worker never got to see it; it is ready again, or later. */
  async unclaim(claim: AttemptRef, back?: TakenBack): Promise<Held> {
    const { database, routing, now } = this.#context
    const held = await database.unclaim(claim, now(), back)
    // Whoever took it over has it in the books.
    if (held === 'fenced') return held
    routing.books.ended(claim.invocation)
    routing.budgets.undone(claim)
    routing.breakers.calledOff(claim.invocation, now())
    return held
  }

  /** Its input cannot be had now: it waits, and with it what lies there too and would only be taken to be given back. */
  async setAside(claim: TakenWork, { until: notBefore, why, place }: Aside): Promise<Held> {
    const { database, now } = this.#context
    const held = await this.unclaim(claim, { why, notBefore })
    const { function: name, release } = claim
    if (place) await database.setAside({ function: name, release, place, why, notBefore, now: now() })
    return held
  }

  #verdict(backend: BackendName, { input }: Claim, release: Release): SpillVerdict | undefined {
    return isPublic(backend) ? this.#context.routing.spill(backend, workOf({ release, input })) : undefined
  }

  async #postpone(claim: Claim, release: Release, { stay, until }: Stay): Promise<void> {
    const { database, routing, now } = this.#context
    const record = await database.getInvocation(claim.invocation)
    await database.unclaim(claim, now())
    routing.books.kind(release).gone(claim.invocation)
    if (!record) return
    const spillAt = Math.max(now() + 1, Math.min(until, now() + ASK_AGAIN_MS))
    const { terms } = record.decision
    const rule = stay.code === 'breaker' || stay.code === 'budget' ? stay.code : terms?.rule
    const decision: Decision = {
      ...record.decision,
      spillAt,
      reasons: [...record.decision.reasons.filter(({ code }) => code !== stay.code), stay],
      ...(terms && rule ? { terms: { ...terms, rule } } : {}),
    }
    await database.redecide([{ invocation: claim.invocation, decision }])
  }
}
