/** What is done for each piece of work costs the same however long the queue and the record are. */
import assert from 'node:assert/strict'
import type { ClaimRequest, Database } from '../../dispatcher/database/database.js'
import { objectWork, success, T0 } from '../support/database-work.js'

export interface LongQueueDriver {
  name: string
  /** A database with that many ready, delayed and ended invocations of the release 1 of a function `f`. */
  filled(count: number): Promise<Database>
}

const SHORT = 1000
const LONG = 100_000
const ROUNDS = 30
const WORK_PER_ROUND = 20
/** Real ratios are near 1; a scan would make it 100. */
const RATIO_MAX = 3

const CLAIM: ClaimRequest = {
  function: 'f',
  release: 1,
  backend: 'local',
  worker: 'w',
  concurrency: 1000,
  now: T0,
  leaseUntil: T0 + 1,
}

export function longQueueSuite({ name, filled }: LongQueueDriver): void {
  it(`${name}: a queue of ${LONG} ready, ${LONG} delayed and ${LONG} ended costs what ${SHORT} of each cost`, async function () {
    this.timeout(180_000)
    const databases: Database[] = []
    try {
      for (const count of [SHORT, LONG]) databases.push(await filled(count))
      const [shortTimes, longTimes] = [emptyTimes(), emptyTimes()]
      for (let round = 0; round < ROUNDS; round++) {
        await measure(databases[0]!, shortTimes, round)
        await measure(databases[1]!, longTimes, round)
      }
      const ratios = Object.keys(STEPS).map(
        (step) => [step, median(longTimes[step]!) / median(shortTimes[step]!)] as const,
      )
      console.log(`        long / short: ${ratios.map(([step, ratio]) => `${step} ${ratio.toFixed(2)}`).join(', ')}`)
      for (const [step, ratio] of ratios) assert.ok(ratio < RATIO_MAX, `${step}: ${ratio.toFixed(1)} times as long`)
    } finally {
      for (const database of databases) await database.close()
    }
  })
}

type Times = Record<string, number[]>

const STEPS: Record<string, (database: Database, round: number) => Promise<unknown>> = {
  accept: (database, round) => each((i) => database.accept([objectWork('f', `${round}-${i}`)])),
  'claim and settle': (database) => each(async () => database.settle(success((await database.claim(CLAIM))!))),
  look: (database) =>
    each(() =>
      Promise.all([
        database.backlogs(1000),
        database.nextDue(),
        database.wakeDue(T0),
        database.runningAttempts(T0),
        database.owed(T0),
      ]),
    ),
  list: (database) => each(() => database.listInvocations({ function: 'f', state: 'failed', since: T0, limit: 20 })),
  'list all': (database) => each(() => database.listInvocations({ limit: 20 })),
  totals: (database) => each(() => database.totals()),
}

const each = (step: (i: number) => Promise<unknown>) =>
  Promise.all(Array.from({ length: WORK_PER_ROUND }, (_, i) => step(i)))

const emptyTimes = (): Times => Object.fromEntries(Object.keys(STEPS).map((step) => [step, []]))

async function measure(database: Database, times: Times, round: number): Promise<void> {
  for (const [name, step] of Object.entries(STEPS)) {
    const start = performance.now()
    await step(database, round)
    times[name]!.push(performance.now() - start)
  }
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!
