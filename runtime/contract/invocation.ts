/** The states of an invocation and the moves between them. Every move in the system is looked up in this table. */

export const STATES = ['accepted', 'queued', 'running', 'succeeded', 'failed', 'cancelled'] as const
export type State = (typeof STATES)[number]

/** What can happen to an invocation. */
export type Happening = 'enqueue' | 'start' | 'succeed' | 'retry' | 'give-back' | 'give-up' | 'cancel' | 'redrive'

/**
 * | from      | happening | to        |
 * `retry` comes after a failed attempt, `give-back` after one that its worker returned unrun or that was lost;
 * `give-up` is the dead letter.
 */
const MOVES: Readonly<Record<State, Partial<Record<Happening, State>>>> = Object.freeze({
  accepted: { enqueue: 'queued', cancel: 'cancelled' },
  queued: { start: 'running', cancel: 'cancelled', 'give-up': 'failed' },
  running: {
    succeed: 'succeeded',
    retry: 'queued',
    'give-back': 'queued',
    'give-up': 'failed',
    cancel: 'cancelled',
  },
  succeeded: {},
  failed: { redrive: 'queued' },
  cancelled: { redrive: 'queued' },
})

/** The state after a happening; undefined when it cannot happen in that state. */
export const after = (state: State, happening: Happening): State | undefined => MOVES[state][happening]

/** Nothing happens to it any more unless somebody redrives it. */
export const isEnded = (state: State): boolean => state === 'succeeded' || state === 'failed' || state === 'cancelled'

/** `<invocation>.<number>`: names one try; what a worker is handed and answers with. */
export const attemptId = (invocation: string, number: number): string => `${invocation}.${number}`

export function parseAttemptId(text: string): { invocation: string; number: number } | undefined {
  const match = /^([0-9a-f-]{36})\.([1-9][0-9]{0,8})$/.exec(text)
  return match ? { invocation: match[1]!, number: Number(match[2]) } : undefined
}

/** Seconds that a lease lasts, and how often a worker renews it. */
export const LEASE_SECONDS = 30
export const HEARTBEAT_SECONDS = 10
