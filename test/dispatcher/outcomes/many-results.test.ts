/** An attempt with many results does not wait for the storage once per result. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../../../dispatcher/database/database.js'
import { openDatabase } from '../../../dispatcher/database/open.js'
import { Settle } from '../../../dispatcher/outcomes/settle.js'
import type { ObjectStore } from '../../../dispatcher/storage/object-store.js'
import { openStorage } from '../../../dispatcher/storage/open.js'
import { GrantsInMemory } from '../../../dispatcher/workers/grant-book.js'
import { OutputGrants } from '../../../dispatcher/workers/output-grants.js'
import { functionSpec, newRelease, objectWork, T0 } from '../../support/database-work.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'
import { putGrant } from '../../support/use-grant.js'

const NAMES = Array.from({ length: 30 }, (_, index) => `result-${index}.txt`)
const RULES = functionSpec({ output: 'here://out/' }).output
const CLAIMS = {
  worker: 'w',
  function: 'f',
  release: 1,
  backend: 'local',
  sharesDisk: true,
  expiresAt: T0 + 1e6,
} as const

describe('an attempt with many results', () => {
  const directory = temporaryDirectory()
  let database: Database

  beforeEach(async () => {
    for (const bucket of ['in', 'out']) mkdirSync(join(directory(), 'data', bucket), { recursive: true })
    database = await openDatabase(`sqlite:${join(directory(), 'spillway.db')}`)
  })
  afterEach(() => database.close())

  it('has several of them staged and published at once, and on record in their order', async () => {
    const store = openStorage('here', { type: 'directory', path: join(directory(), 'data') })
    const staging = countAtOnce(store, 'stage')
    const publishing = countAtOnce(store, 'publish')
    const outputs = outputsIn(store)
    const settle = settleWith(database, { store, outputs })
    await database.putRelease(newRelease('f', { spec: functionSpec({ output: 'here://out/' }) }))
    const [accepted] = await database.accept([objectWork('f', 'a')])
    await database.claim({ function: 'f', release: 1, backend: 'local', worker: 'w', now: T0, leaseUntil: T0 + 1e6 })
    const attempt = (await database.runningAttempt({ invocation: accepted!.id, attempt: 1 }))!
    const request = { outputs: NAMES.map((name) => ({ name, size: name.length })) }
    const answer = await outputs.grant(attempt, { rules: RULES, request, claims: CLAIMS, now: T0 })
    assert.deepEqual(
      answer.outputs.map(({ name }) => name),
      NAMES,
    )
    for (const { name, grants } of answer.outputs) await putGrant(grants[0]!, Buffer.from(name))
    await settle.succeed(attempt, { outcome: 'succeeded', outputs: NAMES, exitCode: 0 })
    await settle.idle()
    const record = await database.getInvocation(accepted!.id)
    assert.deepEqual([record?.state, record?.outputs.map(({ key }) => key)], ['succeeded', NAMES])
    for (const most of [staging(), publishing()]) assert.ok(most > 1 && most <= 8, `${most} at once`)
  })
})

/** Replaces a method by itself, a little slower, and answers how many calls of it were under way at the same time at most. */
function countAtOnce(store: ObjectStore, method: 'stage' | 'publish'): () => number {
  let [now, most] = [0, 0]
  const original = store[method].bind(store) as (argument: never) => Promise<never>
  store[method] = async (argument: unknown) => {
    most = Math.max(most, ++now)
    await delay(1)
    return original(argument as never).finally(() => now--)
  }
  return () => most
}

const outputsIn = (store: ObjectStore) =>
  new OutputGrants({
    outages: { noteOutput: () => assert.fail('the storage is well') },
    book: new GrantsInMemory(),
    store: () => store,
    origin: () => '',
    token: () => '',
  })

const settleWith = (database: Database, { store, outputs }: { store: ObjectStore; outputs: OutputGrants }) =>
  new Settle({
    database,
    outputs,
    store: () => store,
    storages: () => [store],
    release: async (name, number) => (await database.getRelease(name, number))!,
    costOf: () => undefined,
    now: () => T0,
    random: () => 0,
    afterFailure: async () => undefined,
    onSettled: () => undefined,
    onAway: () => assert.fail('the storage is well'),
    pause: async () => undefined,
    onInterrupted: (_, thrown) => assert.fail(String(thrown)),
  })
