/** The service that the README shows, deployed both ways: one line is changed, and nothing else. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { GetFunctionCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda'
import type { InvocationList, InvocationRecord } from '../../../runtime/contract/dispatcher-api.js'
import { busyboxRoot } from '../../support/containers/root-directories.js'
import { eventually } from '../../support/eventually.js'
import { skipWhere } from '../../support/skip-where.js'
import { AwsStage, whyNoAwsStage } from './aws-stage.js'

const REPOSITORY = resolve(__dirname, '../../..')

const README = readFileSync(join(REPOSITORY, 'README.md'), 'utf8')
const PAGE = readFileSync(join(REPOSITORY, 'docs/lambda.md'), 'utf8')

/** The line, and what its comment says is in its place on Lambda. */
const LINE = /^ {2}backends: \{ local: \{\} \} # on AWS Lambda: (\{.*\})$/m

/** Stands in for the one of ImageMagick: `convert INPUT -resize SIZE OUTPUT` tells its size and copies. */
const CONVERT = '#!/bin/sh\n{ echo "$3"; cat "$1"; } >"$4"\n'

function imageMagickRoot(root: string): void {
  busyboxRoot(root)
  writeFileSync(join(root, 'bin', 'convert'), CONVERT, { mode: 0o755 })
}

describe('one line between Lambda and this machine', function () {
  this.timeout(400_000)
  let stage: AwsStage
  let onLambda: string
  let onThisMachine: string

  skipWhere(whyNoAwsStage)
  before(async () => {
    const [, shown = ''] = /```yaml\n(service: photos\n[\s\S]*?)```/.exec(README) ?? []
    const [, script = ''] = /```sh\n(#!\/bin\/sh\n# thumbnail\.sh[\s\S]*?)```/.exec(README) ?? []
    const [, there = ''] = LINE.exec(shown) ?? []
    assert.ok(PAGE.includes(`\n  backends: ${there}\n`), 'docs/lambda.md has the same line')
    stage = await AwsStage.start()
    onThisMachine = shown.replace(/dpokidov\/imagemagick:\S+/, stage.makeImage('imagemagick', imageMagickRoot))
    onLambda = onThisMachine.replace(LINE, `  backends: ${there}`)
    assert.equal(differences(onLambda, onThisMachine), 1)
    stage.write({ 'thumbnail.sh': script })
  })
  after(() => stage?.stop())

  const path = (...parts: string[]) => join(stage.directory, 'data', ...parts)
  /** Drops a photograph, waits for its thumbnail, says where it was made. */
  const thumbnailOf = async (name: string) => {
    mkdirSync(path('photos'), { recursive: true })
    writeFileSync(path('photos', name), `petals of ${name}\n`)
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
    const thumbnail = readFileSync(path('thumbnails', name), 'utf8')
    return { thumbnail, backends: record.tries.map(({ backend }) => backend) }
  }

  it('runs on this machine as it is shown', async () => {
    stage.write({ 'serverless.yml': onThisMachine })
    await stage.startDev(1)
    const made = await thumbnailOf('rose.jpg')
    assert.deepEqual(made, { thumbnail: '320x320\npetals of rose.jpg\n', backends: ['local'] })
    await stage.stopDev()
  })

  it('goes to Lambda', async () => {
    stage.write({ 'serverless.yml': onLambda })
    await stage.startDev(1)
    assert.match(await stage.run('deploy'), /photos-dev-thumbnail: image spillway-[0-9a-f]{32} pushed/)
    assert.deepEqual(await stage.install(), ['photos-dev-thumbnail'])
    const made = await thumbnailOf('lily.jpg')
    assert.deepEqual(made, { thumbnail: '320x320\npetals of lily.jpg\n', backends: ['lambda'] })
    await stage.stopDev()
  })

  it('comes back, and is taken off Lambda', async () => {
    const aws = new LambdaClient(stage.config)
    await aws.send(new GetFunctionCommand({ FunctionName: 'photos-dev-thumbnail' }))
    stage.write({ 'serverless.yml': onThisMachine })
    await stage.startDev(1)
    await stage.run('deploy')
    assert.deepEqual((await thumbnailOf('iris.jpg')).backends, ['local'])
    assert.deepEqual((await aws.send(new ListFunctionsCommand({}))).Functions, [])
    aws.destroy()
  })

  it('is removed with what Lambda needed, although the line does not speak of it any more', async () => {
    await stage.stopDev()
    assert.match(await stage.run('remove'), /bucket acme-photos-staging: deleted/)
    assert.equal(existsSync(join(stage.directory, '.spillway')), false)
    rmSync(path(), { recursive: true })
  })
})

function differences(a: string, b: string): number {
  const [left, right] = [a.split('\n'), b.split('\n')]
  return left.filter((line, index) => line !== right[index]).length + Math.abs(left.length - right.length)
}
