/** A dispatcher that is killed in the middle of writing loses nothing that it has acknowledged. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openDatabase } from '../../../../dispatcher/database/open.js'
import { openPlainly } from '../../../../dispatcher/database/sqlite/connection.js'
import { eventually } from '../../../support/eventually.js'
import { startProgram, type Program } from '../../../support/lines-of.js'
import { randomNumbers } from '../../../support/random-numbers.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

const KILLS = 10
const SEED = Date.now() % 1_000_000

describe('sqlite: SIGKILL in the middle', () => {
  const directory = temporaryDirectory()

  it(`loses nothing in ${KILLS} kills (seed ${SEED})`, async function () {
    this.timeout(60_000)
    const random = randomNumbers(SEED)
    const path = join(directory(), 'spillway.db')
    const said: string[] = []
    const writers = [startWriter(path)]
    try {
      for (let kill = 0; kill < KILLS; kill++) {
        const writer = writers[kill]!
        await eventually(() => writer.lines.length > 0, { timeoutMs: 20_000, everyMs: 1, what: 'an acknowledgement' })
        writers.push(startWriter(path))
        await delay(random() * 300)
        said.push(...(await linesUntilKilled(writer)))
      }
    } finally {
      writers.forEach((writer) => writer.kill())
      await Promise.all(writers.map((writer) => writer.ended))
    }
    await checkRecord(path, said)
  })
})

const startWriter = (path: string): Program => startProgram('database-writer.ts', [`sqlite:${path}`])

async function linesUntilKilled(writer: Program): Promise<string[]> {
  writer.kill()
  assert.equal((await writer.ended).signal, 'SIGKILL')
  return writer.lines
}

async function checkRecord(path: string, said: string[]): Promise<void> {
  const database = await openDatabase(`sqlite:${path}`)
  try {
    for (const line of said) {
      const [what, id] = line.split(' ')
      const record = await database.getInvocation(id!)
      assert.ok(record, `${id} was acknowledged and is gone`)
      if (what === 'succeeded') assert.equal(record.state, 'succeeded')
    }
  } finally {
    await database.close()
  }
  const plain = openPlainly(path)
  assert.equal(plain.get<{ integrity_check: string }>('PRAGMA integrity_check')?.integrity_check, 'ok')
  plain.close()
}
