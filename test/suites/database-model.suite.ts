/** Whatever is asked of a Database in whatever order: it answers as the model does. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import type { AttemptRef, Database, RunningAttempt } from '../../dispatcher/database/database.js'
import { BACKEND_NAMES } from '../../runtime/contract/function-spec.js'
import { STATES, type State } from '../../runtime/contract/invocation.js'
import { CAUSE_NAMES, type Cause } from '../../runtime/contract/outcome.js'
import { DatabaseModel } from '../support/database-model.js'
import type { Decision } from '../../runtime/contract/decision.js'
import {
  DECISION,
  failure,
  newRelease,
  objectWork,
  requestWork,
  success,
  SUCCEEDED,
  T0,
} from '../support/database-work.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import type { DatabaseDriver } from './database.suite.js'

const FUNCTIONS = ['f', 'g']
const RUNS = 60

/** One thing to do; numbers choose among what there is when its turn comes. */
interface Step {
  what: (typeof STEPS)[number]
  function: string
  choice: number
  time: number
  cause: Cause
  to: State
}

const STEPS = [
  'accept-event',
  'accept-event',
  'accept-request',
  'claim',
  'claim',
  'claim',
  'claim-limited',
  'unclaim',
  'renew',
  'publish',
  'succeed',
  'fail',
  'fail',
  'pay',
  'cancel',
  'redrive',
  'redrive-function',
  'wake',
  'remove',
] as const

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom(...STEPS),
  function: fc.constantFrom(...FUNCTIONS),
  choice: fc.nat(50),
  time: fc.nat(30),
  cause: fc.constantFrom(...CAUSE_NAMES),
  to: fc.constantFrom('queued', 'queued', 'failed', 'cancelled'),
})

/** Turns of the event loop, each with some steps that share a commit. */
const turns = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { maxLength: 25 })

export function databaseModelSuite({ name, open }: DatabaseDriver): void {
  describe(`Database: ${name}: against the model`, () => {
    const directory = temporaryDirectory()

    it(`agrees in ${RUNS} random lives`, async function () {
      this.timeout(60_000)
      let life = 0
      await fc.assert(
        fc.asyncProperty(turns, async (plan) => {
          const database = await open(ownDirectory(directory(), life++))
          try {
            await live(database, plan)
          } finally {
            await database.close()
          }
        }),
        { numRuns: RUNS },
      )
    })
  })
}

/** Where it may run, and from when on the public back-end, is as good as random. */
const decisionBy = (choice: number): Decision => ({
  ...DECISION,
  eligible: BACKEND_NAMES.filter((_, index) => ((choice % 15) + 1) & (1 << index)),
  spillAt: choice % 3 === 0 ? null : T0 + (choice % 20),
})

function ownDirectory(parent: string, life: number): string {
  const directory = join(parent, String(life))
  mkdirSync(directory)
  return directory
}

async function live(database: Database, plan: Step[][]): Promise<void> {
  for (const name of FUNCTIONS) await database.putRelease(newRelease(name))
  const pair = new Pair(database)
  for (const turn of plan) await Promise.all(turn.map((one) => pair.take(one)))
  await compareRecords(database, pair.model)
}

/** The model and the database, which are asked the same at the same time. */
class Pair {
  readonly model = new DatabaseModel()
  readonly #database: Database
  readonly #handedOut: AttemptRef[] = []

  constructor(database: Database) {
    this.#database = database
  }

  async take(one: Step): Promise<void> {
    const [expected, answer] = this.#ask(one)
    assert.deepEqual(await answer, expected, one.what)
  }

  #ask(one: Step): [expected: unknown, answer: Promise<unknown>] {
    if (one.what.startsWith('accept')) return this.#accept(one)
    if (one.what.startsWith('claim')) return this.#claim(one)
    if (['cancel', 'redrive'].includes(one.what)) return this.#intervene(one)
    if (['unclaim', 'renew', 'publish', 'succeed', 'fail', 'pay'].includes(one.what)) return this.#attempt(one)
    return this.#whole(one)
  }

  #accept({ what, function: name, choice, time }: Step): [unknown, Promise<unknown>] {
    const now = T0 + time
    const body = Buffer.from(String(choice % 2))
    const work =
      what === 'accept-event'
        ? [0, 1].map((i) => objectWork(name, `k${(choice + i) % 9}`, { now, decision: decisionBy(choice) }))
        : [
            {
              ...requestWork(name, choice % 3 === 0 ? null : `key${choice % 5}`, body, now),
              decision: decisionBy(choice),
            },
          ]
    const answer = this.#database.accept(work).catch((error: Error & { code?: string }) => {
      assert.equal(error.code, 'function-not-found')
    })
    return [this.model.accept(work), answer]
  }

  #claim({ what, function: name, choice, time }: Step): [unknown, Promise<unknown>] {
    const request = {
      function: name,
      release: 1,
      backend: BACKEND_NAMES[choice % BACKEND_NAMES.length]!,
      worker: `w${choice}`,
      now: T0 + time,
      leaseUntil: T0 + time + 10,
      ...(what === 'claim-limited' && { concurrency: 1 + (choice % 3) }),
    }
    const claim = this.model.claim(request)
    if (claim) this.#handedOut.push({ invocation: claim.invocation, attempt: claim.attempt })
    return [claim && structuredClone(claim), this.#database.claim(request)]
  }

  #attempt({ what, choice, time, cause, to }: Step): [unknown, Promise<unknown>] {
    const ref = this.#handedOut.at(-1 - (choice % 3)) ?? { invocation: 'nobody', attempt: 1 }
    const now = T0 + time
    const publishing = { outcome: SUCCEEDED, staged: [] }
    const settlement =
      what === 'succeed'
        ? success({ ...ref, now })
        : failure(cause, {
            ...ref,
            to,
            now,
            notBefore: now + (choice % 3) * 5,
            ...(to === 'queued' && choice % 4 === 0 && { decision: decisionBy(choice + time) }),
            ...(choice % 2 === 0 && { cost: choice / 1000 }),
          })
    if (what === 'unclaim') {
      const back = choice % 2 === 0 ? undefined : { why: 'its storage is away', notBefore: now + (choice % 3) * 10 }
      return [this.model.unclaim(ref, now, back), this.#database.unclaim(ref, now, back)]
    }
    if (what === 'renew') return [this.model.renewLease(ref, now), this.#database.renewLease(ref, now)]
    if (what === 'pay') return [this.model.pay(ref, choice / 1000), this.#database.pay(ref, choice / 1000, now)]
    if (what === 'publish')
      return [this.model.beginPublishing(ref, publishing), this.#database.beginPublishing(ref, publishing)]
    return [this.model.settle(settlement), this.#database.settle(settlement)]
  }

  #intervene({ what, choice, time }: Step): [unknown, Promise<unknown>] {
    const entry = this.model.entries.at(-1 - (choice % 4))
    const [id, now] = [entry?.record.id ?? 'nobody', T0 + time]
    if (what === 'cancel') return [entry ? this.model.cancel(id, now) : 'unknown', this.#database.cancel(id, now)]
    return [entry ? this.model.redrive(id, now) : 'unknown', this.#database.redrive(id, now)]
  }

  #whole({ what, function: name, choice, time }: Step): [unknown, Promise<unknown>] {
    const [model, database, now] = [this.model, this.#database, T0 + time]
    switch (what) {
      case 'remove':
        return choice < 5
          ? [model.removeFunction(name, now), database.removeFunction(name, now)]
          : [0, Promise.resolve(0)]
      case 'redrive-function':
        return [model.redriveFunction(name, now), database.redriveFunction(name, now)]
      case 'wake':
        return [model.wakeDue(now), database.wakeDue(now)]
      default:
        throw new Error(`no such step: ${what}`)
    }
  }
}

/** Everything that can be read, after all has been done. */
async function compareRecords(database: Database, model: DatabaseModel): Promise<void> {
  for (const { record } of model.entries) assert.deepEqual(await database.getInvocation(record.id), record)
  assert.equal(await database.nextDue(), model.nextDue())
  for (const limit of [1, 100]) assert.deepEqual(await database.backlogs(limit), model.backlogs(limit))
  const running = model.running()
  for (const attempt of running) assert.deepEqual(await database.runningAttempt(attempt), attempt)
  const lost = running.filter(({ publishing, leaseUntil }) => !publishing && leaseUntil < T0 + 25)
  assert.deepEqual(byId(await database.runningAttempts(T0 + 25)), byId(lost))
  assert.deepEqual(byId(await database.runningAttempts()), byId(running))
  assert.deepEqual((await database.owed(T0)).map(idOf).toSorted(), model.owed().toSorted())
  const paid = (await database.spending(T0)).map(({ function: name, cost }) => [name, cost.toFixed(6)])
  assert.deepEqual(Object.fromEntries(paid), model.spending())
  const totals = (await database.totals()).map((one) => [`${one.function} ${one.state} ${one.cause ?? ''}`, one.count])
  assert.deepEqual(Object.fromEntries(totals), model.totals())
  await compareLists(database, model)
}

const idOf = ({ invocation, attempt }: AttemptRef) => `${invocation}.${attempt}`

const byId = (attempts: RunningAttempt[]) => attempts.map(({ invocation }) => invocation).toSorted()

async function compareLists(database: Database, model: DatabaseModel): Promise<void> {
  const filters = [{}, { function: 'f' }, { since: T0 + 15 }, ...STATES.map((state) => ({ state, function: 'g' }))]
  for (const filter of filters) {
    const ids: string[] = []
    let cursor: string | undefined
    do {
      const page = await database.listInvocations({ ...filter, cursor, limit: 7 })
      ids.push(...page.invocations.map(({ id }) => id))
      cursor = page.cursor
    } while (cursor !== undefined)
    assert.deepEqual(ids, model.list(filter))
  }
}
