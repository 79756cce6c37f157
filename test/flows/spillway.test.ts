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
})
