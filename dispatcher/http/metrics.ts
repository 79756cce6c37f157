/** Figures in the text format of Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/ */
import type { BackendStatus, StorageStatus } from '../../runtime/contract/dispatcher-api.js'
import type { Database, Spending } from '../database/database.js'
import type { Tallies } from '../routing/tallies.js'

export interface Figures {
  totals: Awaited<ReturnType<Database['totals']>>
  backends: readonly BackendStatus[]
  storages: readonly StorageStatus[]
  tallies: Pick<Tallies, 'decisions' | 'attempts'>
  /** Of this month. */
  spending: readonly Spending[]
}

export function metricsText({ totals, backends, storages, tallies, spending }: Figures): string {
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
    ...family(
      'spillway_backend_breaker_open',
      '1 while a back-end gets no work because it is ill, else 0.',
      backends.map((backend) => figure(backend, backend.breaker?.state === 'open' ? 1 : 0)),
    ),
    ...family(
      'spillway_storage_away',
      '1 while work waits because a storage does not answer or refuses, else 0.',
      storages.map(({ name, healthy }) => ({ labels: { storage: name }, value: healthy ? 0 : 1 })),
    ),
    ...family(
      'spillway_decisions_total',
      'Decisions by the rule that made them, since the start.',
      tallies.decisions(),
    ),
    ...family('spillway_attempts_total', 'Attempts that were started, since the start.', tallies.attempts()),
    ...family('spillway_cost_usd', 'What attempts on public back-ends have cost this month, in USD.', costs(spending)),
    ...family('process_resident_memory_bytes', 'Resident memory of the dispatcher.', [
      { labels: {}, value: process.memoryUsage.rss() },
    ]),
    '',
  ].join('\n')
}

function costs(spending: readonly Spending[]): Figure[] {
  const sums = new Map<string, number>()
  for (const { function: name, cost } of spending) sums.set(name, (sums.get(name) ?? 0) + cost)
  return [...sums].map(([name, value]) => ({ labels: { function: name }, value }))
}

interface Figure {
  labels: Record<string, string>
  value: number
}

const figure = ({ name }: BackendStatus, value: number): Figure => ({ labels: { backend: name }, value })

function family(name: string, help: string, figures: Figure[]): string[] {
  const lines = figures.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`)
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}`, ...lines]
}

function labelText(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(
    ([key, value]) => `${key}="${value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))}"`,
  )
  return pairs.length > 0 ? `{${pairs.join(',')}}` : ''
}
