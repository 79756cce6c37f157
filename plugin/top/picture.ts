/** How things stand -> the lines of a screen. Pure. */
import { formatSeconds, formatUsd } from '../../runtime/contract/units.js'
import { troubles } from '../troubles.js'
import { meter, course } from './bars.js'
import { clean, fit, paint, part, type Part, type Style } from './style.js'
import type { BackendView, Sample, View, WorkView } from './view.js'
import type { Place } from './why.js'

export interface Frame {
  /** characters */
  width: number
  /** lines */
  height: number
  colour: boolean
  title: string
}

const COLOURS: Readonly<Record<Place, Style | undefined>> = { queue: undefined, private: 'green', public: 'yellow' }

export function picture(view: View, frame: Frame): string[] {
  const head = overview(view, frame)
  const table = [[], tableHead, ...view.work.map((work) => rowOf(work, view.at))].map((parts) => paint(parts, frame))
  return [...head, ...table].slice(0, frame.height)
}

/** Its upper part: what waits, and what each back-end does. */
export const overview = (view: View, frame: Omit<Frame, 'height'>): string[] =>
  [titleLine(view, frame.title, frame.width), [], ...gauges(view, frame.width)].map((parts) => paint(parts, frame))

function titleLine({ at, since, trouble }: View, title: string, width: number): Part[] {
  const clock = formatSeconds(Math.floor((at - since) / 1000))
  if (trouble !== undefined) return [part(fit(clean(trouble), width - clock.length - 1), 'red'), part(` ${clock}`)]
  return [part(fit(title, width - clock.length - 1), 'bold'), part(` ${clock}`, 'dim')]
}

const LABEL = 9
const NAME = 12
const CELLS = 16
const COUNT = 10
const RESULT = 38

/** What waits, and what each back-end does: now in numbers, and its course since watching began. */
function gauges({ at, waiting, backends, samples }: View, width: number): Part[][] {
  const room = Math.max(0, width - LABEL - NAME - CELLS - COUNT - RESULT - 6)
  const most = Math.max(waiting, ...samples.map((sample) => sample.waiting))
  const queue = [
    part(fit('queue', LABEL + NAME + 1)),
    part(fit(meter(waiting, most, CELLS), CELLS + 1)),
    part(fit(`${waiting} wait`, COUNT + 1, 'left'), 'bold'),
    part(fit(most > 0 ? `${most} at most` : '', RESULT + 1), 'dim'),
    part(courseOf(samples, 'waiting', { room, max: most })),
  ]
  return [queue, ...backends.flatMap((backend) => [gauge(backend, samples, room), ...troubleLines(backend, at)])]
}

function gauge(backend: BackendView, samples: readonly Sample[], room: number): Part[] {
  const { name, public: isPublic, slots, running } = backend
  const place = isPublic ? 'public' : 'private'
  return [
    part(fit(place, LABEL + 1), COLOURS[place]),
    part(fit(name, NAME)),
    part(fit(meter(running, slots, CELLS), CELLS + 1), COLOURS[place]),
    part(fit(`${running} of ${slots}`, COUNT + 1), 'bold'),
    part(fit(resultText(backend), RESULT + 1)),
    part(courseOf(samples, place, { room, max: slots }), COLOURS[place]),
  ]
}

/** What keeps work from a back-end, a line each. */
const troubleLines = (backend: BackendView, at: number): Part[][] =>
  troubles(backend, at).map((text) => [part(' '.repeat(LABEL + 1)), part(clean(text), 'red')])

function resultText({ succeeded, failed, cost }: BackendView): string {
  const bad = failed > 0 ? `, ${failed} failed` : ''
  return `${succeeded} done${bad}${cost === undefined ? '' : `, ${formatUsd(cost)}`}`
}

const courseOf = (samples: readonly Sample[], key: keyof Sample, { room, max }: { room: number; max: number }) =>
  room < 4
    ? ''
    : course(
        samples.map((sample) => sample[key]),
        room,
        max,
      )

const COLUMNS = { age: 8, name: 22, where: 12, waited: 9, took: 9, cost: 16 }

const tableHead: Part[] = [
  part(
    `  ${fit('ago', COLUMNS.age)}${fit('input', COLUMNS.name)}${fit('where', COLUMNS.where)}${fit('waited', COLUMNS.waited)}${fit('took', COLUMNS.took)}${fit('cost', COLUMNS.cost)}why`,
    'dim',
  ),
]

const MARKS: Readonly<Record<WorkView['state'], Part>> = {
  accepted: part('· '),
  queued: part('· '),
  running: part('▸ ', 'cyan'),
  succeeded: part('✔ ', 'green'),
  failed: part('✖ ', 'red'),
  cancelled: part('✖ ', 'dim'),
}

function rowOf({ state, name, at, backend, place, waited, took, cost, why }: WorkView, now: number): Part[] {
  const ago = (now - at) / 1000
  const seconds = (value: number | undefined) => (value === undefined ? '' : formatSeconds(Math.round(value * 10) / 10))
  return [
    MARKS[state],
    part(fit(formatSeconds(Math.max(0, Math.floor(ago))), COLUMNS.age), 'dim'),
    part(`${fit(clean(name), COLUMNS.name - 1)} `),
    part(fit(place === 'queue' ? 'queue' : (backend ?? ''), COLUMNS.where), COLOURS[place]),
    part(fit(seconds(waited), COLUMNS.waited)),
    part(fit(seconds(state === 'running' ? ago : took), COLUMNS.took), state === 'running' ? 'dim' : undefined),
    part(fit(cost === undefined ? '' : formatUsd(cost), COLUMNS.cost)),
    part(clean(why), 'dim'),
  ]
}
