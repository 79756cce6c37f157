/** A prefix in place of an input: every object below it becomes one invocation of a function. */
import type { ObjectsAnswer, ObjectsRequest } from '../../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { inputAccepts } from '../../runtime/contract/filters.js'
import type { InputRule } from '../../runtime/contract/function-spec.js'
import type { ObjectEvent } from '../../runtime/contract/object-event.js'
import type { ObjectStore } from '../storage/object-store.js'
import type { NamedObjects } from './intake.js'

/** Objects that are recorded together. */
const AT_ONCE = 1000

export interface PrefixesContext {
  store(name: string): Pick<ObjectStore, 'list'>
  storages(): readonly string[]
  /** Input rules of a function that takes new work. */
  inputs(name: string): readonly InputRule[]
  accept(name: string, objects: NamedObjects): Promise<ObjectsAnswer['accepted']>
}

export class Prefixes {
  readonly #context: PrefixesContext

  constructor(context: PrefixesContext) {
    this.#context = context
  }

  /**
   * Resolves when all that the listing found is on record; `key`: of the caller, who may send the same again. What the
   * function's own inputs would not take is passed over; a function without inputs takes everything.
   */
  async invoke(name: string, { storage, bucket, prefix }: ObjectsRequest, key?: string): Promise<ObjectsAnswer> {
    const rules = this.#context.inputs(name)
    const store = this.#context.store(this.#nameOf(storage))
    const answer: ObjectsAnswer = { accepted: [], passedOver: 0 }
    let events: ObjectEvent[] = []
    const record = async () => {
      const named = { events, ...(key === undefined ? {} : { key }) }
      answer.accepted.push(...(await this.#context.accept(name, named)))
      events = []
    }
    for await (const event of store.list(bucket, prefix)) {
      if (isTaken(event, rules)) events.push(event)
      else answer.passedOver++
      if (events.length === AT_ONCE) await record()
    }
    await record()
    return answer
  }

  #nameOf(wanted: string | undefined): string {
    const names = this.#context.storages()
    const name = wanted ?? (names.length === 1 ? names[0] : undefined)
    if (name !== undefined && names.includes(name)) return name
    const came = wanted === undefined ? 'nothing' : JSON.stringify(wanted)
    throw new SpillwayError('invalid-request', `storage must be one of ${names.join(', ')}, got ${came}.`)
  }
}

const isTaken = (event: ObjectEvent, rules: readonly InputRule[]) =>
  rules.length === 0 ? !event.key.endsWith('/') : rules.some((rule) => inputAccepts(rule, event))
