/** The example of a burst, on a real dispatcher. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dispatchers } from '../support/dispatcher-process.js'
import { deployExample, readExample } from '../support/example.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const RECORDINGS = 24
const nameOf = (number: number) => `recording-${number}`

describe('the burst example', function () {
  this.timeout(60_000)
  const start = dispatchers(temporaryDirectory())

  it('sends over what the small cluster is too slow for, says why, and what it cost; results are the same', async () => {
    const { backends } = readExample('burst').config
    const dispatcher = await start({ config: { backends } })
    await deployExample(dispatcher, 'burst')
    mkdirSync(dispatcher.path('beside'), { recursive: true })
    for (let number = 0; number < RECORDINGS; number++) {
      const beside = dispatcher.path('beside', nameOf(number))
      writeFileSync(beside, `seconds: ${0.5 + (number % 4) / 2}\n${'1 '.repeat(number)}\n`)
      renameSync(beside, dispatcher.path('recordings', `${nameOf(number)}.rec`))
    }
    const ended = await dispatcher.allEnded(RECORDINGS, 50_000)
    const records = await Promise.all(ended.map(({ id }) => dispatcher.invocation(id)))
    assert.deepEqual(new Set(records.map(({ state, attempts }) => `${state} ${attempts}`)), new Set(['succeeded 1']))
    const over = records.filter(({ tries }) => tries[0]!.backend === 'rehearsal')
    assert.ok(over.length >= 6 && over.length < RECORDINGS, `${over.length} of ${RECORDINGS} went over`)
    for (const { tries, decision } of records) {
      assert.equal(tries[0]!.cost !== undefined, tries[0]!.backend === 'rehearsal')
      assert.ok(decision.reasons.some(({ code }) => code === decision.terms?.rule))
    }
    for (let number = 0; number < RECORDINGS; number++)
      assert.equal(readFileSync(dispatcher.path('reports', `${nameOf(number)}.txt`), 'utf8'), `${number} samples\n`)
  })
})
