/** Tells the dispatcher how an attempt ended. */
import type { Outcome } from '../contract/outcome.js'
import type { Answer } from './api-client.js'
import type { Host } from './host.js'
import { persist } from './persist.js'
import type { StopReason } from './stop.js'

export interface Report {
  attempt: string
  outcome: Outcome
  /** Why it was stopped, if it was. */
  reason: StopReason | undefined
  host: Pick<Host, 'api' | 'config' | 'note'>
}

/** Milliseconds for which a worker that stops waits to be heard: its attempt comes back by its lease anyway. */
const GIVE_BACK_MS = 2000

export async function report({ attempt, outcome, reason, host }: Report): Promise<void> {
  const { api, config, note } = host
  if (reason?.kind === 'fenced') return note(`attempt ${attempt}: another one has taken over`)
  if (reason?.kind === 'out-of-reach')
    return note(`attempt ${attempt}: the dispatcher has been out of reach for a lease`)
  const leaseMs = config.worker.leaseSeconds * 1000
  const answer = await (reason?.kind === 'given-back'
    ? persist(() => api.giveBack(attempt, GIVE_BACK_MS), { api, leaseMs: Math.min(leaseMs, GIVE_BACK_MS) })
    : persist(() => api.report(attempt, outcome), { api, leaseMs }))
  if (answer.kind !== 'done') note(`attempt ${attempt}: its end was not accepted: ${reasonOf(answer)}`)
}

const reasonOf = (answer: Exclude<Answer<unknown>, { kind: 'done' }>) =>
  answer.kind === 'fenced' ? 'another one has taken over' : answer.message
