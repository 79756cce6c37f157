/**
 * A process whose disk is full after a while, and has room again later. Arguments: path of the database.
 * Says `accepted <id>` for what was acknowledged, `refused <id>` for the rest, `ill` once, `well` after the disk
 * took writes again, and ends in order.
 */
import { openSqlite } from '../../dispatcher/database/sqlite.js'
import { newRelease, requestWork } from './database-work.js'
import { eventually } from './eventually.js'

const say = (line: string) => process.stdout.write(`${line}\n`)

async function main(path: string): Promise<void> {
  process.on('SIGXFSZ', () => undefined)
  const database = openSqlite(path, { probeEveryMs: 20 })
  await database.putRelease(newRelease('f'))
  const body = Buffer.alloc(64 * 1024, 'x')

  const acceptOne = async (): Promise<boolean> => {
    const work = requestWork('f', null, body)
    try {
      await database.accept([work])
      say(`accepted ${work.id}`)
      return true
    } catch {
      say(`refused ${work.id}`)
      return false
    }
  }
  const acceptSome = async () => (await Promise.all(Array.from({ length: 4 }, acceptOne))).every(Boolean)

  await eventually(async () => !(await acceptSome()), { everyMs: 0, what: 'the full disk' })
  await eventually(async () => !(await acceptSome()) && !(await database.healthy()), {
    what: 'a disk without any room',
  })
  say('ill')
  await eventually(() => database.healthy(), { what: 'room on the disk' })
  say('well')
  await acceptSome()
  await database.close()
}

void main(process.argv[2]!)
