/** What becomes of an invocation after an attempt. Pure: state and facts in, the next state and its reason out. */
import type { Retries } from '../../runtime/contract/function-spec.js'
import { after, type Happening, type State } from '../../runtime/contract/invocation.js'
import { CAUSES, type Failed, type Outcome } from '../../runtime/contract/outcome.js'

/** Attempts that may be lost through no fault of the script before the invocation counts as poison. */
export const LOSSES_MAX = 20

/** Losses in a row after which the next attempt waits a little, so that a sick back-end is not hammered. */
const LOSSES_WITHOUT_DELAY = 3

export interface AfterAttempt {
  outcome: Outcome
  retries: Retries
  /** Earlier attempts whose failure was the user's fault / was not. */
  faults: number
  losses: number
  now: number
  /** From 0 to 1: full jitter. */
  random: number
  /** Present after a failure that another back-end may cure. */
  elsewhere?: Elsewhere
}

/** Where the next attempt may run. */
export interface Elsewhere {
  /** Names of the back-ends. */
  on: string
  /** They give what the last one lacked. */
  isCure: boolean
  /** Why there is none. */
  nowhere?: string
}

export interface NextStep {
  to: State
  /** Epoch milliseconds; absent = at once. */
  notBefore?: number
  why?: string
}

export function nextStep(facts: AfterAttempt): NextStep {
  const { outcome } = facts
  if (outcome.outcome === 'succeeded') return { to: move('succeed') }
  if (outcome.cause === 'cancelled') return { to: move('cancel'), why: outcome.message }
  const { nowhere } = facts.elsewhere ?? {}
  if (nowhere !== undefined) return { to: move('give-up'), why: `${outcome.cause}, and it fits nowhere: ${nowhere}` }
  return CAUSES[outcome.cause].userFault ? afterFault(outcome, facts) : afterLoss(outcome, facts)
}

function afterFault(outcome: Failed, { retries, faults, now, random, elsewhere }: AfterAttempt): NextStep {
  const { cause } = outcome
  const count = faults + 1
  if (!CAUSES[cause].retryable && !elsewhere?.isCure)
    return { to: move('give-up'), why: `${cause} cannot be cured by another attempt` }
  if (retries.on && !retries.on.includes(cause))
    return { to: move('give-up'), why: `retries.on does not list ${cause}` }
  if (count >= retries.attempts)
    return { to: move('give-up'), why: `attempt ${count} of ${retries.attempts} failed: ${cause}` }
  if (elsewhere?.isCure)
    return {
      to: move('retry'),
      why: `attempt ${count} of ${retries.attempts} failed: ${cause}; again on ${elsewhere.on}`,
    }
  const delay = fullJitter(retries, faults, random)
  return {
    to: move('retry'),
    notBefore: now + delay,
    why: `attempt ${count} of ${retries.attempts} failed: ${cause}; again in ${seconds(delay)} s`,
  }
}

function afterLoss({ cause }: Failed, { retries, losses, now, random, elsewhere }: AfterAttempt): NextStep {
  if (losses + 1 >= LOSSES_MAX) return { to: move('give-up'), why: `${LOSSES_MAX} attempts were lost: ${cause}` }
  const where = elsewhere?.isCure ? `; again on ${elsewhere.on}` : ''
  const why = `${cause}; does not count against retries${where}`
  if (losses < LOSSES_WITHOUT_DELAY || elsewhere?.isCure) return { to: move('give-back'), why }
  const delay = fullJitter(
    { ...retries, minDelay: Math.max(retries.minDelay, 1) },
    losses - LOSSES_WITHOUT_DELAY,
    random,
  )
  return { to: move('give-back'), notBefore: now + delay, why }
}

/** Milliseconds: a random share of an exponentially growing time, https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/ */
const fullJitter = ({ minDelay, maxDelay }: Retries, count: number, random: number) =>
  Math.round(random * 1000 * Math.min(maxDelay, minDelay * 2 ** Math.min(count, 30)))

const seconds = (milliseconds: number) => Math.round(milliseconds / 100) / 10

function move(happening: Happening): State {
  const to = after('running', happening)
  if (!to) throw new Error(`a running invocation cannot ${happening}`)
  return to
}
