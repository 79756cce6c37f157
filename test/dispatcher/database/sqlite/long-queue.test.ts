/** What is done for each piece of work costs the same however long the queue and the record are. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { ClaimRequest, Database } from '../../../../dispatcher/database/database.js'
import { openSqlite } from '../../../../dispatcher/database/sqlite.js'
import { openConnection } from '../../../../dispatcher/database/sqlite/connection.js'
import { failure, newRelease, objectWork, success, T0 } from '../../../support/database-work.js'
import { PlanRecorder } from '../../../support/plan-recorder.js'
import { longQueueSuite } from '../../../suites/long-queue.suite.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

const CLAIM: ClaimRequest = {
  function: 'f',
  release: 1,
  backend: 'local',
  worker: 'w',
  concurrency: 1000,
  now: T0,
  leaseUntil: T0 + 1,
}

describe('sqlite: a long queue', () => {
  const directory = temporaryDirectory()

  longQueueSuite({ name: 'sqlite', filled: (count) => filled(join(directory(), `${count}.db`), count) })

  it('is never walked through: every statement finds its rows by an index', async () => {
    const path = join(directory(), 'plans.db')
    const recorder = new PlanRecorder()
    const database = openSqlite(path, { open: recorder.open })
    try {
      await useEverything(database)
    } finally {
      await database.close()
    }
    const plans = recorder.plans(path)
    const walks = plans.filter(
      ([sql, plan]) =>
        /SCAN (invocations|i|attempts|a|bodies)\b(?! USING)|TEMP B-TREE/.test(plan) && !/FROM counts/.test(sql),
    )
    assert.deepEqual(walks, [])
    assert.ok(plans.length > 30, `${plans.length} statements seen`)
  })
})

/** A database with that many ready, delayed and ended invocations. */
async function filled(path: string, count: number): Promise<Database> {
  const database = openSqlite(path)
  await database.putRelease(newRelease('f'))
  await database.close()
  const connection = openConnection(path)
  const columns = 'id, function, release, state, not_before, identity, accepted_at, ended_at, input, decision, moves'
  connection.exec(`
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${3 * count - 1})
    INSERT INTO invocations (${columns})
    SELECT 'id' || i, 'f', 1, iif(i % 3 = 2, 'succeeded', 'queued'), iif(i % 3 = 1, ${T0} + 1000000 + i, 0),
      'identity' || i, ${T0} + i, iif(i % 3 = 2, ${T0} + i, NULL), '{}', '{}', '[]'
    FROM n`)
  connection.close()
  return openSqlite(path)
}

async function useEverything(database: Database): Promise<void> {
  await database.putRelease(newRelease('f'))
  await database.putRelease(newRelease('g'))
  await database.accept([1, 2, 3, 4, 5].map((n) => objectWork('f', `k${n}`)))
  await database.accept([objectWork('f', 'k1')])
  const claims = [await database.claim(CLAIM), await database.claim(CLAIM), await database.claim(CLAIM)]
  await database.unclaim((await database.claim(CLAIM))!, T0)
  await database.renewLease(claims[0]!, T0)
  await database.beginPublishing(claims[0]!, { outcome: { outcome: 'succeeded', outputs: [] }, staged: [] })
  await database.settle(success(claims[0]!))
  await database.settle(failure('timeout', { ...claims[1]!, to: 'queued', notBefore: T0 + 9 }))
  await database.settle(failure('timeout', claims[2]!))
  await Promise.all([database.nextDue(), database.wakeDue(T0 + 9), database.backlogs(9), database.totals()])
  await Promise.all([database.runningAttempt(claims[0]!), database.runningAttempts(), database.runningAttempts(T0)])
  const { invocation } = claims[2]!
  await Promise.all([database.getInvocation(invocation), database.getBody(invocation), database.currentRelease('f')])
  await database.redrive(invocation, T0)
  await database.cancel(invocation, T0)
  await database.redriveFunction('f', T0)
  for (const filter of [{}, { function: 'f' }, { state: 'queued' }, { function: 'f', state: 'queued' }] as const)
    for (const since of [undefined, T0]) {
      const { cursor } = await database.listInvocations({ ...filter, since, limit: 1 })
      await database.listInvocations({ ...filter, since, limit: 1, cursor })
    }
  await database.removeFunction('f', T0)
}
