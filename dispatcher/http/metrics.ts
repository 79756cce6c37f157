/** Figures in the text format of Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/ */
import type { BackendStatus } from '../../runtime/contract/dispatcher-api.js'
import type { Database } from '../database/database.js'

type Totals = Awaited<ReturnType<Database['totals']>>

export function metricsText(totals: Totals, backends: readonly BackendStatus[]): string {
  const invocations = totals.map(({ function: name, state, cause, count }) => ({
    labels: { function: name, state, ...(cause ? { cause } : {}) },
    value: count,
  }))
  return [
    ...family('spillway_invocations', 'Invocations on record by function, state and cause.', invocations),
    ...family(
      'spillway_backend_slots',
      'Attempts that a back-end runs at once.',
      backends.map((backend) => figure(backend, backend.slots)),
    ),
    ...family(
      'spillway_backend_workers',
      'Workers that are up.',
      backends.map((backend) => figure(backend, backend.workers)),
    ),
    ...family(
      'spillway_backend_running',
      'Attempts that run.',
      backends.map((backend) => figure(backend, backend.running)),
    ),
    ...family('process_resident_memory_bytes', 'Resident memory of the dispatcher.', [
      { labels: {}, value: process.memoryUsage.rss() },
    ]),
    '',
  ].join('\n')
}

interface Figure {
  labels: Record<string, string>
  value: number
}

const figure = ({ name }: BackendStatus, value: number): Figure => ({ labels: { backend: name }, value })

function family(name: string, help: string, figures: Figure[]): string[] {
  const lines = figures.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`)
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...lines]
}

function labelText(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(
    ([key, value]) => `${key}="${value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))}"`,
  )
  return pairs.length > 0 ? `{${pairs.join(',')}}` : ''
}
