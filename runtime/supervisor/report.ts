/** Tells the dispatcher how an attempt ended, and takes the next one from its answer. */
import type { Outcome } from '../contract/outcome.js'
import type { Answer, Attempt } from './api-client.js'
import type { Host } from './host.js'
import { persist } from './persist.js'
import type { StopReason } from './stop.js'

export interface Report {
  attempt: string
  outcome: Outcome
  /** Why it was stopped, if it was. */
  reason: StopReason | undefined
  host: Pick<Host, 'api' | 'config' | 'note' | 'shutdown'>
}

/** Milliseconds for which a worker that stops waits to be heard: its attempt comes back by its lease anyway. */
const GIVE_BACK_MS = 2000

/** Resolves to the next attempt, when the worker takes one and one is ready. */
export async function report(ended: Report): Promise<Attempt | undefined> {
  const { attempt, reason, host } = ended
  const { note } = host
  if (reason?.kind === 'fenced') note(`attempt ${attempt}: another one has taken over`)
  else if (reason?.kind === 'out-of-reach') note(`attempt ${attempt}: the dispatcher has been out of reach for a lease`)
  else {
    const answer = reason?.kind === 'given-back' ? await giveBack(ended) : await tell(ended)
    if (answer.kind === 'done') return answer.value
    note(`attempt ${attempt}: its end was not accepted: ${reasonOf(answer)}`)
  }
  return undefined
}

function giveBack({ attempt, host: { api, config } }: Report): Promise<Answer<undefined>> {
  const leaseMs = Math.min(config.worker.leaseSeconds * 1000, GIVE_BACK_MS)
  return persist(() => api.giveBack(attempt, GIVE_BACK_MS), { api, leaseMs })
}

function tell({ attempt, outcome, host }: Report): Promise<Answer<Attempt | undefined>> {
  const { api, shutdown } = host
  const { fresh, leaseSeconds } = host.config.worker
  return persist(() => api.report(attempt, outcome, !fresh && !shutdown.aborted), { api, leaseMs: leaseSeconds * 1000 })
}

const reasonOf = (answer: Exclude<Answer<unknown>, { kind: 'done' }>) =>
  answer.kind === 'fenced' ? 'another one has taken over' : answer.message
