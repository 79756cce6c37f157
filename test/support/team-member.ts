/**
 * A dispatcher's share of a database and nothing else: takes one duty, and says `has it` and `has lost it`. Arguments: URL
 * of the database, team, duty. Runs until it is killed.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { openDatabase } from '../../dispatcher/database/open.js'

const BEAT_MS = 100

async function main(url: string, team: string, duty: string): Promise<void> {
  const { shared } = await openDatabase(url, { team })
  shared!.listen({ onWords: () => undefined, onGap: () => undefined })
  let had = false
  for (;;) {
    await shared!.beat('').catch(() => undefined)
    if (!had) await shared!.take(duty).catch(() => false)
    const has = shared!.holds(duty)
    if (has !== had) process.stdout.write(has ? 'has it\n' : 'has lost it\n')
    had = has
    await delay(BEAT_MS)
  }
}

void main(process.argv[2]!, process.argv[3]!, process.argv[4]!)
