/**
 * A process that writes to a database and says so only after the promise has resolved: `accepted <id>`, `succeeded <id>`.
 * Arguments: path of the database. Waits until the writer before it has let go of the file; runs until it is killed.
 */
import { openDatabase } from '../../dispatcher/database/open.js'
import { eventually } from './eventually.js'
import { newRelease, requestWork, success, T0 } from './database-work.js'

const IN_FLIGHT = 16

const say = (line: string) => process.stdout.write(`${line}\n`)

async function main(path: string): Promise<void> {
  const database = await eventually(() => openDatabase(`sqlite:${path}`), {
    timeoutMs: 60_000,
    everyMs: 2,
    what: 'the lock',
  })
  await database.putRelease(newRelease('f'))
  const body = Buffer.alloc(1024, 'x')

  const work = async () => {
    for (;;) {
      const [answer] = await database.accept([requestWork('f', null, body)])
      say(`accepted ${answer!.id}`)
      const request = { function: 'f', release: 1, backend: 'local', worker: 'w', now: T0, leaseUntil: T0 + 1 } as const
      const claim = await database.claim(request)
      if (!claim) continue
      await database.settle(success(claim))
      say(`succeeded ${claim.invocation}`)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))
}

void main(process.argv[2]!)
