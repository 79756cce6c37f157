/**
 * The whole story: one service with a function on Lambda alone, a private one and a hybrid one is deployed, fed and removed by the
 * framework's own commands. moto plays AWS's APIs; what was deployed runs in sandboxes out of the images that were pushed.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DescribeRepositoriesCommand, ECRClient } from '@aws-sdk/client-ecr'
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda'
import { GetBucketNotificationConfigurationCommand, ListBucketsCommand } from '@aws-sdk/client-s3'
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { InvocationList, InvocationRecord } from '../../../runtime/contract/dispatcher-api.js'
import { eventually } from '../../support/eventually.js'
import { skipWhere } from '../../support/skip-where.js'
import { AwsStage, REGION, whyNoAwsStage } from './aws-stage.js'

const service = (image: string) => `service: garden
provider: { name: aws, region: ${REGION}, deploymentMethod: direct }
plugins: [serverless-spillway]
spillway:
  storage:
    lake: { type: s3 }
  backends:
    local: { slots: 1, containers: off }
    lambda: { stagingBucket: garden-staging }
functions:
  alone:
    image: ${image}
    script: work.sh
    backends: lambda
    input: lake://alone/in/
    output: lake://alone/out/
  private:
    script: work.sh
    backends: local
    input: lake://private/in/
    output: lake://private/out/
  hybrid:
    image: ${image}
    script: work.sh
    input: lake://hybrid/in/
    output: lake://hybrid/out/
    routing: { waitingBudget: 1s }
`

const WORK = `#!/bin/sh
set -eu
name=$(basename "$INPUT_FILE_PATH")
case "$name" in slow*) sleep 2 ;; esac
mkdir -p "$TMP_OUTPUT_DIR/facts/of"
tr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/$name"
sha256sum < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/facts/of/$name.sum"
`

const FILES: Readonly<Record<string, Buffer>> = {
  'in/rose.txt': Buffer.from('red\n'),
  'in/deep/a b+c ü.bin': Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7) % 256)),
  'in/empty': Buffer.alloc(0),
  ...Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`in/slow-${index}`, Buffer.from(`slow ${index}`)])),
}

/** Neither functions nor queues are told of new files. */
const NOBODY = [undefined, undefined]

describe('a service on Lambda, on this machine, and on both', function () {
  this.timeout(400_000)
  let stage: AwsStage

  const untilResults = (bucket: string) =>
    eventually(
      async () => {
        const results = await stage.s3.below(bucket, 'out/')
        return Object.keys(results).length === 2 * Object.keys(FILES).length && results
      },
      { timeoutMs: 120_000, everyMs: 200, what: `the results in ${bucket}` },
    )

  skipWhere(whyNoAwsStage)
  before(async () => {
    stage = await AwsStage.start()
    stage.write({ 'serverless.yml': service(stage.image), 'work.sh': WORK })
  })
  after(() => stage?.stop())

  it('is deployed beside a dispatcher of its own', async () => {
    await stage.startDev(2)
    const said = await stage.run('deploy')
    for (const line of [
      /garden-dev-alone: image spillway-[0-9a-f]{32} pushed/,
      /garden-dev-hybrid: image spillway-[0-9a-f]{32} pushed/,
      /garden-dev-alone: on Lambda, without a dispatcher/,
      /garden-dev-hybrid: release 2/,
      /garden-dev-private: unchanged, release 1/,
    ])
      assert.match(said, line)
    assert.deepEqual(await stage.install(), ['garden-dev-alone', 'garden-dev-hybrid'])
    // What must not be there in the end can be seen while it is.
    const roles = await stage.roles()
    assert.ok(roles.length >= 2 && roles.every((name) => name.startsWith('garden-dev-')), roles.join())
    assert.deepEqual(await stage.stacks(), ['garden-dev'])
    assert.ok((await stage.logGroups()).includes('/aws/lambda/garden-dev-alone'))
  })

  it('makes the same results of the same files wherever they run, byte for byte', async () => {
    const results = async (bucket: string) => {
      for (const [key, content] of Object.entries(FILES)) await stage.s3.put(bucket, key, content)
      return untilResults(bucket)
    }
    const onThisMachine = await results('private')
    const onLambda = await results('alone')
    const onBoth = await results('hybrid')
    assert.equal(onThisMachine['rose.txt']?.toString(), 'RED\n')
    assert.deepEqual(onLambda, onThisMachine)
    assert.deepEqual(onBoth, onThisMachine)
  })

  it('has sent over the spillway what waited too long, once each, and says what it cost', async () => {
    const { invocations } = await stage.ask<InvocationList>('/v1/invocations?function=garden-dev-hybrid')
    assert.equal(invocations.length, Object.keys(FILES).length)
    const records = await Promise.all(invocations.map(({ id }) => stage.ask<InvocationRecord>(`/v1/invocations/${id}`)))
    const tries = records.flatMap((record) => record.tries)
    assert.deepEqual([...new Set(tries.map(({ backend }) => backend))].sort(), ['lambda', 'local'])
    for (const { backend, cost } of tries) assert.equal((cost ?? 0) > 0, backend === 'lambda')
    const { invocations: own } = await stage.ask<InvocationList>('/v1/invocations?function=garden-dev-private')
    assert.equal(own.length, Object.keys(FILES).length)
  })

  it('does nothing when it is deployed again unchanged', async () => {
    const said = await stage.run('deploy')
    assert.match(said, /No changes to deploy\. Deployment skipped/)
    assert.match(said, /garden-dev-hybrid: unchanged, release 2/)
    assert.doesNotMatch(said, /pushed|made|notifications set/)
  })

  it('tells about all of it', async () => {
    const told = await stage.run('info')
    for (const line of [
      /alone: garden-dev-alone/,
      /garden-dev-hybrid: release 2, 0 queued, 0 running/,
      /garden-dev-alone: on Lambda, without a dispatcher/,
    ])
      assert.match(told, line)
    assert.match(await stage.run('metrics -f hybrid'), new RegExp(`invocations: ${Object.keys(FILES).length}`))
  })

  it('is removed, and nothing stays but files', async () => {
    await stage.stopDev()
    const said = await stage.run('remove')
    assert.match(said, /bucket garden-staging: deleted/)
    const aws = {
      lambda: new LambdaClient(stage.config),
      sqs: new SQSClient(stage.config),
      ecr: new ECRClient(stage.config),
    }
    assert.deepEqual((await aws.lambda.send(new ListFunctionsCommand({}))).Functions, [])
    assert.deepEqual((await aws.sqs.send(new ListQueuesCommand({}))).QueueUrls ?? [], [])
    assert.deepEqual((await aws.ecr.send(new DescribeRepositoriesCommand({}))).repositories, [])
    assert.deepEqual([await stage.roles(), await stage.stacks(), await stage.logGroups()], [[], [], []])
    const { Buckets = [] } = await stage.s3.client.send(new ListBucketsCommand({}))
    assert.deepEqual(Buckets.map(({ Name }) => Name).sort(), ['alone', 'hybrid', 'private'])
    for (const { Name: Bucket } of Buckets) {
      const notifications = await stage.s3.client.send(new GetBucketNotificationConfigurationCommand({ Bucket }))
      assert.deepEqual([notifications.LambdaFunctionConfigurations, notifications.QueueConfigurations], NOBODY, Bucket)
    }
    for (const name of ['.spillway', '.serverless/spillway.json'])
      assert.equal(existsSync(join(stage.directory, name)), false, name)
    for (const client of Object.values(aws)) client.destroy()
  })
})
