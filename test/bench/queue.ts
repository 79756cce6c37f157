/** A long queue: restart after SIGKILL to the first attempt, and what accept and hand-out cost beside a short one. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { v7 as newId } from 'uuid'
import type { Database, NewInvocation } from '../../dispatcher/database/database.js'
import { openDatabase } from '../../dispatcher/database/open.js'
import { eventIdentity } from '../../runtime/contract/object-event.js'
import { readFunctionSpec } from '../../runtime/contract/read-function-spec.js'
import { DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { figure, median, type Bench } from './figure.js'
import { withDirectory } from './with-dispatcher.js'

const LONG = 100_000
const SHORT = 1000
const BATCH = 500
const ROUNDS = 21
const NAME = 'bench-dev-queue'

let arrivals = 0

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
  await first.put(NAME, `#!/bin/sh\n[ -e ${mark} ] || date +%s%N > ${mark}\nsleep 600\n`)
  await first.stop()
  const database = await openDatabase(`sqlite:${join(directory, 'state', 'spillway.db')}`)
  await fill(database, LONG, request)
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

/** Two databases, measured in turn: what the machine does meanwhile hits both alike. */
async function costOfLength(directory: string): Promise<{ short: Cost; long: Cost }> {
  const short = await filled(join(directory, 'short.db'), SHORT)
  const long = await filled(join(directory, 'long.db'), LONG)
  try {
    const rounds: { short: Cost; long: Cost }[] = []
    for (let round = 0; round < ROUNDS; round++) rounds.push({ short: await cost(short), long: await cost(long) })
    const middle = (which: 'short' | 'long', what: keyof Cost) => median(rounds.map((round) => round[which][what]))
    return {
      short: { accept: middle('short', 'accept'), claim: middle('short', 'claim') },
      long: { accept: middle('long', 'accept'), claim: middle('long', 'claim') },
    }
  } finally {
    await short.close()
    await long.close()
  }
}

async function filled(path: string, count: number): Promise<Database> {
  const database = await openDatabase(`sqlite:${path}`)
  await release(database)
  await fill(database, count, file)
  return database
}

/** Takes in as much as it hands out, so that the length stays as it is. */
async function cost(database: Database): Promise<Cost> {
  const accept = await timed(() => database.accept(work(BATCH, file)))
  const claim = await timed(() => Promise.all(Array.from({ length: BATCH }, () => claimOne(database))))
  return { accept, claim }
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

type Make = (now: number) => Pick<NewInvocation, 'identity' | 'input' | 'body'>

async function fill(database: Database, count: number, make: Make): Promise<void> {
  for (let done = 0; done < count; done += BATCH) await database.accept(work(Math.min(BATCH, count - done), make))
}

/** Files as a camera or a batch names them: one after the other. */
const file: Make = (now) => {
  const key = `2026/run-07/image-${String(arrivals++).padStart(8, '0')}.jpg`
  const time = new Date(now).toISOString()
  const event = { storage: 'here', bucket: 'in', key, size: 5120, etag: `5120-${arrivals}`, time }
  return { identity: eventIdentity(event), input: { kind: 'object', event } }
}

const request: Make = (now) => ({
  identity: null,
  input: { kind: 'request', size: 1024, contentType: 'text/plain', time: new Date(now).toISOString() },
  body: Buffer.alloc(1024, 'x'),
})

function work(count: number, make: Make): NewInvocation[] {
  const now = Date.now()
  const reasons = [{ code: 'only-backend', backend: 'local' as const, text: 'local' }]
  return Array.from({ length: count }, () => ({
    ...make(now),
    id: newId(),
    function: NAME,
    release: 1,
    decision: { eligible: ['local'], spillAt: null, reasons },
    now,
  }))
}
