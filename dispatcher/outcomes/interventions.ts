/** What people do to invocations by hand: cancel and redrive. */
import type { Changes } from '../changes.js'
import type { Database } from '../database/database.js'
import { endTopic, logTopic } from '../topics.js'

export interface InterventionsContext {
  database: Database
  changes: Changes
  /** The name of a registered function; throws when there is none. */
  mustExist(name: string): void
  now(): number
  /** Called with what was cancelled, whether it ran or waited. */
  onCancelled(invocation: string): void
  /** Called with as many invocations of a function as may run now. */
  onQueued(functionName: string, count: number): void
}

export class Interventions {
  readonly #context: InterventionsContext

  constructor(context: InterventionsContext) {
    this.#context = context
  }

  async cancel(id: string): Promise<'cancelled' | 'refused' | 'unknown'> {
    const { database, changes, now, onCancelled, onQueued } = this.#context
    const answer = await database.cancel(id, now())
    if (answer !== 'cancelled') return answer
    for (const topic of [endTopic(id), logTopic(id)]) changes.notify(topic)
    onCancelled(id)
    // A place of the function's concurrency is free again.
    onQueued((await database.getInvocation(id))!.function, 1)
    return answer
  }

  async redrive(id: string): Promise<'redriven' | 'refused' | 'unknown'> {
    const { database, now, onQueued } = this.#context
    const answer = await database.redrive(id, now())
    if (answer === 'redriven') onQueued((await database.getInvocation(id))!.function, 1)
    return answer
  }

  /** Every failed invocation of a function; answers how many. */
  async redriveFunction(name: string): Promise<number> {
    const { database, mustExist, now, onQueued } = this.#context
    mustExist(name)
    const count = await database.redriveFunction(name, now())
    onQueued(name, count)
    return count
  }
}
