/**
 * A process that writes to a database and says what came of it once it knows: `accepted <id>`, `succeeded <id>`, or
 * `refused <id>` for what was not recorded. Arguments: URL of the database. Waits until the writer before it has let go
 * of the database; runs until it is killed.
 */
import { openDatabase } from '../../dispatcher/database/open.js'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from './eventually.js'
import { newRelease, requestWork, success, T0 } from './database-work.js'

const IN_FLIGHT = 16

/** Milliseconds of rest after a refusal. */
const PAUSE_MS = 20

const say = (line: string) => process.stdout.write(`${line}\n`)

async function main(url: string): Promise<void> {
  const database = await eventually(() => openDatabase(url), {
    timeoutMs: 60_000,
    everyMs: 2,
    what: 'the lock',
  })
  await database.putRelease(newRelease('f'))
  const body = Buffer.alloc(1024, 'x')

  const takeIn = async () => {
    const work = requestWork('f', null, body)
    try {
      await database.accept([work])
      say(`accepted ${work.id}`)
    } catch {
      say(`refused ${work.id}`)
      await delay(PAUSE_MS)
    }
  }
  const finishOne = async () => {
    const request = { function: 'f', release: 1, backend: 'local', worker: 'w', now: T0, leaseUntil: T0 + 1 } as const
    const claim = await database.claim(request)
    if (!claim) return
    if ((await database.settle(success(claim))) === 'held') say(`succeeded ${claim.invocation}`)
  }
  const work = async () => {
    for (;;) {
      await takeIn()
      await finishOne().catch(() => delay(PAUSE_MS))
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))
}

void main(process.argv[2]!)
