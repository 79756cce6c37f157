/** 10,000 small files dropped into a directory bucket at once; beside a plain copy loop. */
import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../support/eventually.js'
import { figure, type Bench, type Figure } from './figure.js'
import { withDispatcher } from './with-dispatcher.js'

const FILES = 10_000

/** Sizes of blobs that functions read, as published for Azure: p50 5 KB, p90 26 KB, p99 1.5 MB. */
function sizes(): number[] {
  return Array.from({ length: FILES }, (_, index) => {
    const rank = ((index * 7919) % FILES) / FILES
    if (rank < 0.5) return 1000 + rank * 8000
    if (rank < 0.9) return 5000 + (rank - 0.5) * 52_500
    if (rank < 0.99) return 26_000 * (1_500_000 / 26_000) ** ((rank - 0.9) / 0.09)
    return 1_500_000
  }).map(Math.floor)
}

export const smallFiles: Bench = {
  name: 'small-files',
  about: `${FILES.toLocaleString('en-US')} small files dropped into a directory bucket at once; beside a plain copy loop`,
  run: () =>
    withDispatcher(
      async (dispatcher, directory) => {
        await dispatcher.put('bench-dev-hold', '#!/bin/sh\nsleep 600\n', { input: 'here://in/', concurrency: 1 })
        const source = join(directory, 'source')
        write(source)
        const loop = FILES / copy(source, join(directory, 'loop'))
        const started = Date.now()
        copy(source, dispatcher.path('in'))
        await eventually(async () => (await onRecord(dispatcher.url)) >= FILES, { timeoutMs: 300_000, everyMs: 50 })
        const rate = FILES / ((Date.now() - started) / 1000)
        const found = await onRecord(dispatcher.url)
        return report({ rate, loop, found, rss: peak(dispatcher.pid) })
      },
      { config: { drain: 0 } },
    ),
}

function report({ rate, loop, found, rss }: { rate: number; loop: number; found: number; rss: number }): Figure[] {
  return [
    figure(
      { name: 'files copied, seen and recorded', value: rate, unit: 'files/s', yardstick: loop },
      { ratioAtLeast: 0.1 },
    ),
    figure({ name: 'files missed or doubled', value: Math.abs(FILES - found), unit: 'files' }, { atMost: 0 }),
    figure({ name: 'dispatcher, peak resident', value: rss, unit: 'MiB' }, { atMost: 300 }),
  ]
}

function write(directory: string): void {
  mkdirSync(directory, { recursive: true })
  const content = randomBytes(1_500_000)
  sizes().forEach((size, index) => writeFileSync(join(directory, `file-${index}.bin`), content.subarray(0, size)))
}

/** Seconds. */
function copy(source: string, target: string): number {
  mkdirSync(target, { recursive: true })
  const started = Date.now()
  for (const name of readdirSync(source)) copyFileSync(join(source, name), join(target, name))
  return (Date.now() - started) / 1000
}

async function onRecord(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const values = [...text.matchAll(/^spillway_invocations\{.*\} (\d+)$/gm)].map(([, value]) => Number(value))
  return values.reduce((sum, value) => sum + value, 0)
}

const peak = (pid: number) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
