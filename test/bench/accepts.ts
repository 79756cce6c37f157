/** Durable accepts over HTTP: a 1 KB body, flushed to disk before the 2xx. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from '../support/dispatcher-process.js'
import { figure, median, type Bench } from './figure.js'
import { requestsPerSecond } from './load.js'
import { withDirectory, withDispatcher } from './with-dispatcher.js'

/** Of each measurement, after a while in which the dispatcher has become warm: its rate grows until the third second. */
const SECONDS = 2
const WARM_UP_SECONDS = 2
/** Measurements there and back again. */
const ROUNDS = 3
const CONNECTIONS = 64
const FUNCTION = 'bench-dev-hold'
const HOLD = '#!/bin/sh\nsleep 600\n'

/** The database to measure, where it is not to be a file in a directory of its own. */
const { SPILLWAY_DATABASE } = process.env
const environment: Record<string, string> = SPILLWAY_DATABASE === undefined ? {} : { SPILLWAY_DATABASE }

/** One worker that sleeps: the queue only grows, and what is measured is taking work in. */
const SPEC = { concurrency: 1 }

/** Deciding between a private and a public back-end, in view of all that waits, beside having one. */
const ROUTED = { ratioAtLeast: 0.9 }

export const accepts: Bench = {
  name: 'accepts',
  about: `durable accepts over HTTP, 1 KB body, ${CONNECTIONS} connections, ${SECONDS} s; beside one commit per request`,
  async run() {
    const { grouped, routed } = await inTurn()
    const single = await oneCommitEach()
    const measured = { value: grouped, unit: '1/s', yardstick: single }
    return [
      figure({ name: 'durable accepts', ...measured }, { atLeast: 5000 }),
      figure({ name: 'durable accepts beside one commit each', ...measured }, { ratioAtLeast: 2 }),
      figure({ name: 'with two sides to decide between', value: routed, unit: '1/s', yardstick: grouped }, ROUTED),
    ]
  },
}

/** There and back again, so that a disk that gets faster or slower is as good for one as for the other. */
async function inTurn(): Promise<{ grouped: number; routed: number }> {
  const one = { local: {} }
  const two = { local: {}, rehearsal: {} }
  const rates = new Map<object, number[]>([one, two].map((backends) => [backends, []]))
  for (let round = 0; round < ROUNDS; round++)
    for (const backends of [one, two, two, one]) rates.get(backends)!.push(await withBackends(backends))
  return { grouped: median(rates.get(one)!), routed: median(rates.get(two)!) }
}

function withBackends(backends: Record<string, unknown>): Promise<number> {
  return withDispatcher(
    async (dispatcher) => {
      await dispatcher.put(FUNCTION, HOLD, SPEC)
      return measure(dispatcher.url)
    },
    { config: { drain: 0, backends }, environment },
  )
}

async function measure(url: string): Promise<number> {
  const { hostname, port } = new URL(url)
  const load = {
    host: hostname,
    port: Number(port),
    path: `/v1/functions/${FUNCTION}/invocations`,
    body: Buffer.alloc(1024, 'x'),
  }
  const during = (seconds: number) =>
    requestsPerSecond({ ...load, connections: CONNECTIONS, milliseconds: seconds * 1000 }, 202)
  await during(WARM_UP_SECONDS)
  return during(SECONDS)
}

function oneCommitEach(): Promise<number> {
  return withDirectory(async (directory) => {
    const file = join(directory, 'dispatcher.yml')
    writeFileSync(file, JSON.stringify({ stateDirectory: join(directory, 'state') }))
    const child = spawn(process.execPath, ['--import', 'tsx', join(REPOSITORY, 'test/bench/accept-server.ts'), file], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH, ...environment },
    })
    try {
      const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
      const url = chunk.toString().trim()
      const script = { path: 'script', mode: 0o755, data: Buffer.from(HOLD).toString('base64') }
      await fetch(`${url}/v1/functions/${FUNCTION}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ spec: { script: 'script', ...SPEC }, files: [script] }),
      })
      return await measure(url)
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })
}
