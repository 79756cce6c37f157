/** Heartbeats of a running attempt, and what their answers ask for. */
import type { HeartbeatAnswer } from '../contract/runtime-api.js'
import { formatSeconds } from '../contract/units.js'
import type { Answer, ApiClient } from './api-client.js'
import type { Stop } from './stop.js'
import { wait } from './wait.js'

export interface Lease {
  attempt: string
  api: ApiClient
  heartbeatMs: number
  leaseMs: number
  stop: Stop
  /** Hears the deadline, in epoch milliseconds, at every heartbeat. */
  onDeadline: (deadlineMs: number) => void
  /** Ends the heartbeats. */
  signal: AbortSignal
}

/** Milliseconds before a heartbeat that was not heard is repeated. */
const REPEAT_MS = 500

export async function keepLease(lease: Lease): Promise<void> {
  let pauseMs = lease.heartbeatMs
  while (!lease.signal.aborted) {
    await wait(pauseMs, lease.signal)
    if (lease.signal.aborted) return
    pauseMs = (await isHeard(lease)) ? lease.heartbeatMs : Math.min(lease.heartbeatMs, REPEAT_MS)
  }
}

async function isHeard(lease: Lease): Promise<boolean> {
  const { api, attempt, heartbeatMs, leaseMs, stop } = lease
  try {
    const patienceMs = Math.max(100, Math.min(heartbeatMs, leaseMs - api.silenceMs))
    obey(await api.heartbeat(attempt, patienceMs), lease)
    return true
  } catch {
    if (api.silenceMs >= leaseMs) stop.because({ kind: 'out-of-reach' })
    return false
  }
}

function obey(answer: Answer<HeartbeatAnswer>, { stop, onDeadline, leaseMs }: Lease): void {
  if (answer.kind === 'fenced') return stop.because({ kind: 'fenced' })
  if (answer.kind === 'refused')
    throw new Error(`a lease of ${formatSeconds(leaseMs / 1000)} was not renewed: ${answer.message}`)
  if (answer.value.cancel)
    stop.because({ kind: 'failed', cause: 'cancelled', message: 'somebody cancelled the invocation' })
  if (Number.isFinite(answer.value.deadlineMs)) onDeadline(answer.value.deadlineMs)
}
