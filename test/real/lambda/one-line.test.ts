/** The service that docs/lambda.md shows, deployed both ways: one line is changed, and nothing else. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { GetFunctionCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda'
import type { InvocationList, InvocationRecord } from '../../../runtime/contract/dispatcher-api.js'
import { eventually } from '../../support/eventually.js'
import { AwsStage, whyNoAwsStage } from './aws-stage.js'

const PAGE = resolve(__dirname, '../../../docs/lambda.md')

/** The line, and the one that its comment says is in its place on this machine. */
const LINE = /^ {2}backends: (?<onLambda>\{.*?\}) # on this machine instead: (?<here>\{.*\})$/m

const COUNT = `#!/bin/sh
set -eu
wc -w <"$INPUT_FILE_PATH" >"$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH").count"
`

describe('one line between Lambda and this machine', function () {
  this.timeout(400_000)
  let stage: AwsStage
  let onLambda: string
  let onThisMachine: string

  before(async function () {
    const why = whyNoAwsStage()
    if (why !== undefined) {
      process.stdout.write(`    skipped: ${why}\n`)
      this.skip()
    }
    stage = await AwsStage.start()
    const [, shown = ''] = /```yaml\n(service: words\n[\s\S]*?)```/.exec(readFileSync(PAGE, 'utf8')) ?? []
    onLambda = shown.replace('busybox:1.37', stage.image)
    onThisMachine = onLambda.replace(LINE, (line, _whole, here: string) => line.replace(/\{.*/, here))
    assert.equal(differences(onLambda, onThisMachine), 1)
    stage.write({ 'count.sh': COUNT })
  })
  after(() => stage?.stop())

  const path = (...parts: string[]) => join(stage.directory, 'data', ...parts)
  /** Drops the file, waits for its result, says where it ran. */
  const count = async (name: string) => {
    const [input, result] = [path('texts', 'in', name), path('texts', 'out', `${name}.count`)]
    mkdirSync(dirname(input), { recursive: true })
    writeFileSync(input, 'one two three\n')
    const [invocation] = await eventually(
      async () => {
        const { invocations } = await stage.ask<InvocationList>('/v1/invocations?limit=1')
        const { input: of } = invocations[0]!
        return of.kind === 'object' && of.event.key.endsWith(name) && invocations
      },
      { what: `an invocation for ${name}` },
    )
    const record = await stage.ask<InvocationRecord>(`/v1/invocations/${invocation!.id}?wait=60s`)
    assert.equal(record.state, 'succeeded', record.message)
    return { result: readFileSync(result, 'utf8'), backends: record.tries.map(({ backend }) => backend) }
  }

  it('puts the function on Lambda', async () => {
    stage.write({ 'serverless.yml': onLambda })
    await stage.startDev(1)
    assert.match(await stage.run('deploy'), /words-dev-count: image spillway-[0-9a-f]{32} pushed/)
    assert.deepEqual(await stage.install(), ['words-dev-count'])
    assert.deepEqual(await count('a.txt'), { result: '3\n', backends: ['lambda'] })
    await stage.stopDev()
  })

  it('brings it to this machine, and takes it off Lambda', async () => {
    const aws = new LambdaClient(stage.config)
    await aws.send(new GetFunctionCommand({ FunctionName: 'words-dev-count' }))
    stage.write({ 'serverless.yml': onThisMachine })
    await stage.startDev(1)
    await stage.run('deploy')
    assert.deepEqual(await count('b.txt'), { result: '3\n', backends: ['local'] })
    assert.deepEqual((await aws.send(new ListFunctionsCommand({}))).Functions, [])
    aws.destroy()
  })

  it('is removed with what Lambda needed, although the line does not speak of it any more', async () => {
    await stage.stopDev()
    assert.match(await stage.run('remove'), /bucket words-staging: deleted/)
    assert.equal(existsSync(join(stage.directory, '.spillway')), false)
    rmSync(path(), { recursive: true })
  })
})

function differences(a: string, b: string): number {
  const [left, right] = [a.split('\n'), b.split('\n')]
  return left.filter((line, index) => line !== right[index]).length + Math.abs(left.length - right.length)
}
