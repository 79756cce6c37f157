/** The spillway, end to end: a real dispatcher process, two slots of its own, and the Lambda of this process beside it. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dispatchers } from '../support/dispatcher-process.js'
import { beside, onLambda } from '../support/lambda/beside-lambda.js'
import { FUNCTION, SmallLambda } from '../support/lambda/small-lambda.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const UPPER = '#!/bin/sh\ntr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH")"\n'

describe('the spillway', function () {
  this.timeout(60_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)
  let lambda: SmallLambda

  beforeEach(async () => {
    mkdirSync(join(directory(), 'lambda'))
    lambda = await SmallLambda.start(join(directory(), 'lambda'))
  })
  afterEach(() => lambda.stop())

  const open = (backends: object = {}) =>
    start({
      config: { backends: { local: { slots: 2, containers: 'off' }, lambda: onLambda(), ...backends } },
      environment: beside(lambda),
    })

  it('leads a file to Lambda and its result home', async () => {
    await lambda.install({ script: UPPER })
    const dispatcher = await open()
    await dispatcher.put(FUNCTION, UPPER, {
      image: 'busybox',
      backends: ['lambda'],
      input: 'here://in/',
      output: 'here://out/',
    })
    writeFileSync(dispatcher.path('in', 'a.txt'), 'hello')
    const [ended] = await dispatcher.allEnded(1)
    assert.equal(readFileSync(dispatcher.path('out', 'a.txt'), 'utf8'), 'HELLO')
    const record = await dispatcher.invocation(ended!.id)
    assert.deepEqual(
      record.tries.map(({ backend }) => backend),
      ['lambda'],
    )
  })

  it('is for what would wait too long: some of a burst goes over, and the record says why', async () => {
    const slow = `sleep 0.4\n${UPPER.replace('#!/bin/sh\n', '')}`
    await lambda.install({ script: slow })
    const dispatcher = await open()
    await dispatcher.put(FUNCTION, `#!/bin/sh\n${slow}`, {
      image: 'busybox',
      input: 'here://in/',
      output: 'here://out/',
      routing: { expectedTime: 0.5, waitingBudget: { factor: 2 } },
    })
    const names = Array.from({ length: 30 }, (_, index) => `f${index}.txt`)
    for (const name of names) writeFileSync(dispatcher.path('in', name), `text of ${name}`)
    const ended = await dispatcher.allEnded(30)
    const records = await Promise.all(ended.map(({ id }) => dispatcher.invocation(id)))
    const went = records.filter(({ tries }) => tries[0]?.backend === 'lambda')
    assert.ok(went.length > 5 && went.length < 30, `${went.length} of 30 went over`)
    for (const { tries, decision } of records) {
      assert.equal(tries.length, 1, JSON.stringify(tries))
      const { rule, expectedRun, expectedWait, waitingBudget, cost } = decision.terms!
      assert.ok(rule === 'expected-wait' || rule === 'waiting-budget', rule)
      for (const term of [expectedRun?.seconds, expectedWait?.seconds, waitingBudget, cost])
        assert.ok(term !== undefined)
      assert.equal(tries[0]!.cost === undefined, tries[0]!.backend === 'local')
    }
    for (const name of names)
      assert.equal(readFileSync(dispatcher.path('out', name), 'utf8'), `TEXT OF ${name.toUpperCase()}`)
  })
})
