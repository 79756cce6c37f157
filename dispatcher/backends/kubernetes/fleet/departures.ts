/** How workers leave: they are asked to go, are removed with their Jobs, or have ended by themselves. */
import type { Cause } from '../../../../runtime/contract/outcome.js'
import type { BackendHost } from '../../backend.js'
import type { Member, Members } from './members.js'
import type { Removals } from './removals.js'

export interface DeparturesContext {
  host: BackendHost
  members: Members
  removals: Removals
  now(): number
}

/** Milliseconds in which an idle worker that was sent away must be gone. */
const LEAVE_MS = 60_000

export const NOT_WANTED = 'it is not wanted any more'

export class Departures {
  readonly #context: DeparturesContext

  constructor(context: DeparturesContext) {
    this.#context = context
  }

  /** One that is up finishes what it runs; one that is not goes at once. */
  dismiss(member: Member | undefined): void {
    if (!member || member.stopping) return
    const { host, now } = this.#context
    if (member.state === 'awaited') return this.remove(member, NOT_WANTED)
    member.stopping = true
    if (member.idleSince !== undefined) member.leaveBy = now() + LEAVE_MS
    host.dismiss(member.id, member.release)
  }

  remove(member: Member, why: string): void {
    this.#context.removals.begin(member.job)
    this.forget(member, why)
  }

  /** It is gone; what it held fails. */
  forget({ id }: { id: string }, why: string, cause?: Cause): void {
    const { host, members } = this.#context
    if (members.end(id)) host.onWorkerEnd(id, why, cause)
  }
}
