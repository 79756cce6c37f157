/** How long work would wait for a private back-end. Pure. */
import { CLOSED, usableFrom } from './breaker.js'
import type { Candidate } from './candidates.js'
import { expectedWait, NO_WAIT, type ExpectedWait } from './load/expected-wait.js'
import { othersWait } from './load/others-wait.js'
import { cpuAtHome, ROUNDING, unitsOf, type Load } from './load/load.js'
import type { BackendState, Situation, Work } from './situation.js'

export interface HomeWait {
  /** Absent: it cannot be foreseen, because somebody's load is not known. */
  expected?: ExpectedWait
  /** How long others would wait in its stead if it ran there, seconds in all; 0 when nothing is known. */
  others: number
  /** Slots for work of this size, and how many of them are free. */
  capacity: number
  free: number
}

export function waitAt({ spec }: Work, { now, corrections }: Situation, homes: readonly Candidate[]): HomeWait {
  const states = homes.map(({ state }) => state)
  const loads = loadsOf(states)
  const cpu = cpuAtHome(spec)
  const others = othersWait(loads, cpu, homes[0]!.run.seconds)
  const wait: HomeWait = {
    others,
    capacity: slotsIn(loads, 'capacity', cpu),
    free: slotsIn(loads, 'free', cpu),
  }
  if (loads.length < homes.length) return wait
  const well = states.filter(({ breaker }) => usableFrom(breaker ?? CLOSED) <= now)
  const there = expectedWait(well.length === states.length ? loads : loadsOf(well), cpu, corrections)
  if (there.seconds === 0) wait.expected = booted(well)
  else wait.expected = Number.isFinite(there.seconds) ? there : recovered(states, now, there)
  return wait
}

const loadsOf = (states: readonly BackendState[]): Load[] =>
  states.map(({ load }) => load).filter((load) => load !== undefined)

/** A slot is free, and a worker has to come up there. */
function booted(states: readonly BackendState[]): ExpectedWait {
  const seconds = Math.min(...states.filter(({ load }) => load!.free > 0).map(({ bootSeconds = 0 }) => bootSeconds))
  return seconds > 0 && Number.isFinite(seconds) ? { seconds, raw: seconds } : NO_WAIT
}

/** When all are ill, nothing starts before the first of them is tried again. */
function recovered(states: readonly BackendState[], now: number, otherwise: ExpectedWait): ExpectedWait {
  const times = states.map(({ breaker }) => usableFrom(breaker ?? CLOSED)).filter((time) => time > now)
  if (times.length === 0) return otherwise
  const seconds = (Math.min(...times) - now) / 1000
  return { seconds, raw: seconds }
}

function slotsIn(loads: readonly Load[], key: 'capacity' | 'free', cpu: number): number {
  let slots = 0
  for (const load of loads) slots += Math.max(0, Math.floor(load[key] / unitsOf(load.unit, cpu) + ROUNDING))
  return slots
}
