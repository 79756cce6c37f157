/** A long queue: restart after SIGKILL to the first attempt, and what accept and hand-out cost beside a short one. */
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { v7 as newId } from 'uuid'
import type { Database, NewInvocation } from '../../dispatcher/database/database.js'
import { openDatabase } from '../../dispatcher/database/open.js'
import { readFunctionSpec } from '../../runtime/contract/read-function-spec.js'
import { DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { figure, median, type Bench } from './figure.js'
import { withDirectory } from './with-dispatcher.js'

const LONG = 100_000
const SHORT = 1000
const BATCH = 500
const ROUNDS = 9
const NAME = 'bench-dev-queue'

export const queue: Bench = {
  name: 'queue',
  about: `${LONG.toLocaleString('en-US')} queued invocations; beside ${SHORT.toLocaleString('en-US')}`,
  run: () =>
    withDirectory(async (directory) => {
      const restart = await restartWithQueue(directory)
      const costs = await withDirectory(costOfLength)
      return [
        figure({ name: 'restart after SIGKILL to first attempt', value: restart, unit: 's' }, { atMost: 2 }),
        figure(
          { name: 'accept', value: costs.long.accept, unit: 'µs', yardstick: costs.short.accept },
          { ratioAtMost: 1.2 },
        ),
        figure(
          { name: 'hand-out', value: costs.long.claim, unit: 'µs', yardstick: costs.short.claim },
          { ratioAtMost: 1.2 },
        ),
      ]
    }),
}

/** Seconds from the start of the process to the first line of a script. */
async function restartWithQueue(directory: string): Promise<number> {
  const mark = join(directory, 'mark')
  const config = { backends: { local: { slots: 1 } }, drain: 0 }
  const first = await DispatcherProcess.start({ directory, config })
  await first.put(NAME, `#!/bin/sh\n[ -e ${mark} ] || date +%s%N > ${mark}\nsleep 600\n`, { concurrency: 1 })
  await first.stop()
  const database = await openDatabase(`sqlite:${join(directory, 'state', 'spillway.db')}`)
  await fill(database, LONG)
  await database.close()
  const second = await DispatcherProcess.start({ directory, config, environment: {} })
  await eventually(() => existsSync(mark), { what: 'a first attempt' })
  await second.kill()
  rmSync(mark)
  const started = Date.now()
  const third = await DispatcherProcess.start({ directory, config })
  try {
    const at = await eventually(() => existsSync(mark) && Number(readFileSync(mark, 'utf8')), { timeoutMs: 60_000 })
    return at / 1e6 / 1000 - started / 1000
  } finally {
    await third.stop()
  }
}

interface Cost {
  /** µs per invocation */
  accept: number
  claim: number
}

async function costOfLength(directory: string): Promise<{ short: Cost; long: Cost }> {
  const database = await openDatabase(`sqlite:${join(directory, 'costs.db')}`)
  try {
    await release(database)
    await fill(database, SHORT)
    const short = await cost(database)
    await fill(database, LONG - SHORT)
    return { short, long: await cost(database) }
  } finally {
    await database.close()
  }
}

/** Takes in and hands out as much in each round, so that the length stays as it is. */
async function cost(database: Database): Promise<Cost> {
  const accept: number[] = []
  const claim: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    accept.push(await timed(() => database.accept(work(BATCH))))
    claim.push(await timed(() => Promise.all(Array.from({ length: BATCH }, () => claimOne(database)))))
  }
  return { accept: median(accept), claim: median(claim) }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = process.hrtime.bigint()
  await run()
  return Number(process.hrtime.bigint() - started) / 1000 / BATCH
}

function claimOne(database: Database): Promise<unknown> {
  const now = Date.now()
  return database.claim({ function: NAME, release: 1, backend: 'local', worker: 'w', now, leaseUntil: now + 30_000 })
}

async function release(database: Database): Promise<void> {
  const spec = readFunctionSpec({ script: 's' }, { path: 'f', storages: [], backends: ['local'] }).value!
  await database.putRelease({
    function: NAME,
    spec,
    package: Buffer.from('[]'),
    packageDigest: 'sha256:0',
    now: Date.now(),
  })
}

async function fill(database: Database, count: number): Promise<void> {
  for (let done = 0; done < count; done += BATCH) await database.accept(work(Math.min(BATCH, count - done)))
}

function work(count: number): NewInvocation[] {
  const now = Date.now()
  return Array.from({ length: count }, () => ({
    id: newId(),
    function: NAME,
    release: 1,
    identity: randomUUID(),
    input: { kind: 'request', size: 1024, contentType: 'text/plain', time: new Date(now).toISOString() },
    body: Buffer.alloc(1024, 'x'),
    decision: {
      eligible: ['local'],
      spillAt: null,
      reasons: [{ code: 'only-backend', backend: 'local', text: 'local' }],
    },
    now,
  }))
}
