/** Dry runs: the decision that work would get now, and the one that waiting work would get if it came up again. */
import type { DecisionRequest } from '../runtime/contract/dispatcher-api.js'
import type { Decision } from '../runtime/contract/decision.js'
import { SpillwayError } from '../runtime/contract/errors.js'
import type { ObjectEvent } from '../runtime/contract/object-event.js'
import type { Release } from '../runtime/contract/release.js'
import type { Database } from './database/database.js'
import type { Registry } from './releases/registry.js'
import type { Routing } from './routing/routing.js'

export interface DecisionsContext {
  database: Database
  registry: Registry
  routing: Routing
}

export class Decisions {
  readonly #context: DecisionsContext

  constructor(context: DecisionsContext) {
    this.#context = context
  }

  async decide({ function: name, size = 0, event, invocation }: DecisionRequest): Promise<Decision> {
    const { registry, routing } = this.#context
    if (invocation !== undefined) return this.#again(invocation)
    if (event) return routing.decide({ ...this.#taker(event, name), inputBytes: event.size })
    if (name !== undefined) return routing.decide({ ...registry.current(name), inputBytes: size })
    throw new SpillwayError(
      'invalid-request',
      'A decision is about a `function` and a `size`, an `event`, or an `invocation`; none of them was given.',
    )
  }

  #taker(event: ObjectEvent, name: string | undefined): Release {
    const { registry } = this.#context
    if (name !== undefined) return registry.current(name)
    const takers = registry.takers(event)
    if (takers.length === 1) return takers[0]!
    const place = `${event.storage}://${event.bucket}/${event.key}`
    const found = takers.length === 0 ? 'no function takes' : `${takers.map((taker) => taker.function).join(', ')} take`
    throw new SpillwayError('invalid-request', `${found} ${place}: say by \`function\` which one is meant.`)
  }

  async #again(id: string): Promise<Decision> {
    const { database, routing } = this.#context
    const record = await database.getInvocation(id)
    if (!record) throw new SpillwayError('invocation-not-found', `There is no invocation ${id}.`)
    return routing.decideAgain(record)
  }
}
