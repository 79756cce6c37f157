/** A private and a public side to decide between, as tests of the router want them to stand. */
import assert from 'node:assert/strict'
import type { BackendLimits } from '../../dispatcher/backends/backend.js'
import { Ledger } from '../../dispatcher/router/load/ledger.js'
import { knownRunTime } from '../../dispatcher/router/run-time.js'
import type { BackendState, Situation, Work } from '../../dispatcher/router/situation.js'
import { readFunctionSpec } from '../../runtime/contract/read-function-spec.js'

export const NOW = Date.UTC(2026, 10, 28, 12)

export const KUBERNETES: BackendLimits = { name: 'kubernetes', public: false, memoryMax: 65_536 }
export const LAMBDA: BackendLimits = {
  name: 'lambda',
  public: true,
  memoryMax: 10_240,
  ephemeralStorageMax: 10_240,
  timeoutMax: 900,
  gpuMax: 0,
}

/** Work of a function with those keys; one vCPU unless they say otherwise. */
export function workWith(raw: Record<string, unknown>, rest: Partial<Work> = {}): Work {
  const { value, problems } = readFunctionSpec(
    { script: 's', image: 'i', cpu: 1, ...raw },
    { path: 'f', storages: [], backends: ['local', 'kubernetes', 'lambda'] },
  )
  assert.ok(value, JSON.stringify(problems))
  return { function: 'f', spec: value, inputBytes: 1000, ...rest }
}

export interface Standing {
  slots?: number
  /** Attempts that started just now, and pieces that wait before this one. */
  running?: number
  waiting?: number
  /** What each of them takes, and this one too. */
  seconds?: number
  home?: Partial<BackendState>
  away?: Partial<BackendState>
}

/** Run times are known, so that every number follows from what is said here. */
export function crossroads({ slots = 2, running = 0, waiting = 0, seconds = 100, home, away }: Standing): Situation {
  const run = knownRunTime(seconds)
  const ledger = new Ledger([{ name: 'kubernetes', unit: 'attempt', capacity: slots }])
  for (let count = 0; count < running; count++)
    ledger.started(`r${count}`, { backend: 'kubernetes', cpu: 1, run, at: NOW })
  for (let count = 0; count < waiting; count++) ledger.queued(`w${count}`, { cpu: 1, seconds, at: NOW })
  return {
    now: NOW,
    backends: [
      { limits: KUBERNETES, load: ledger.load('kubernetes', NOW)!, ...home },
      { limits: LAMBDA, ...away },
    ],
    runTimes: { expected: () => run },
  }
}
