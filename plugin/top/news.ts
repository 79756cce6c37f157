/** The same news as plain lines: one for each invocation that goes over or ends, and how things stand now and then. */
import { isEnded } from '../../runtime/contract/invocation.js'
import { formatSeconds, formatUsd } from '../../runtime/contract/units.js'
import { clean } from './style.js'
import type { View, WorkView } from './view.js'

/** Milliseconds between two lines about how things stand. */
const STANDING_MS = 2000

export class News {
  #told = new Map<string, string>()
  #standing = ''
  #saidAt = 0

  /** What is new since the last view, oldest first. */
  lines(view: View): string[] {
    const tellable = view.work.filter(isNews)
    const fresh = tellable.filter((work) => this.#told.get(work.id) !== newsOf(work)).toSorted((a, b) => a.at - b.at)
    this.#told = new Map(tellable.map((work) => [work.id, newsOf(work)]))
    const told = fresh.map((work) => `${clock(work.at, view)}  ${workText(work)}`)
    const standing = standingText(view)
    if (standing === this.#standing || view.at - this.#saidAt < STANDING_MS) return told
    this.#standing = standing
    this.#saidAt = view.at
    return [...told, `${clock(view.at, view)}  ${standing}`]
  }
}

const isNews = ({ state, place }: WorkView) => isEnded(state) || (state === 'running' && place === 'public')

const newsOf = ({ state, place }: WorkView) => `${state} ${place}`

/** `40 done in 23.4 s: 15 on local, 25 on rehearsal for 0.00041 USD` */
export function summary({ backends, at, since, waiting }: View): string {
  const done = backends.reduce((sum, { succeeded }) => sum + succeeded, 0)
  const failed = backends.reduce((sum, { failed }) => sum + failed, 0)
  const places = backends.map(
    ({ name, succeeded, cost }) => `${succeeded} on ${name}${cost === undefined ? '' : ` for ${formatUsd(cost)}`}`,
  )
  const open = waiting > 0 ? `, ${waiting} wait` : ''
  const bad = failed > 0 ? `, ${failed} failed` : ''
  return `${done} done in ${formatSeconds((at - since) / 1000)}: ${places.join(', ')}${bad}${open}`
}

function standingText({ waiting, backends }: View): string {
  const places = backends.map(
    ({ name, running, slots, cost }) =>
      `${name} ${running} of ${slots}${cost === undefined ? '' : ` (${formatUsd(cost)})`}`,
  )
  return `${waiting} wait, ${places.join(', ')}`
}

function workText({ name, state, backend, waited, took, cost, why }: WorkView): string {
  const times = [
    waited === undefined ? '' : `waited ${formatSeconds(waited)}`,
    took === undefined ? '' : `took ${formatSeconds(took)}`,
    cost === undefined ? '' : formatUsd(cost),
  ].filter((text) => text !== '')
  const what = state === 'running' ? `starts on ${backend}` : `${state} on ${backend ?? 'no back-end'}`
  return `${clean(name)} ${what} (${times.join(', ')}); ${clean(why)}`
}

const clock = (at: number, { since }: View) => `${((at - since) / 1000).toFixed(1).padStart(6)} s`
