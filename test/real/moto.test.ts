/** Deploying to AWS, played by moto, with every CLI: what is made, what is left alone, and that nothing stays behind. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ECRClient, DescribeRepositoriesCommand } from '@aws-sdk/client-ecr'
import {
  LambdaClient,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  ListFunctionsCommand,
  PublishVersionCommand,
} from '@aws-sdk/client-lambda'
import {
  CreateBucketCommand,
  DeleteBucketEncryptionCommand,
  DeletePublicAccessBlockCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  GetPublicAccessBlockCommand,
  ListBucketsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { Registry } from '../../dispatcher/images/registry/registry.js'
import type { FunctionSpec } from '../../runtime/contract/function-spec.js'
import { copyFixture, knownClis, runCli, type Cli } from '../support/cli.js'
import { FakeDispatcher } from '../support/fake-dispatcher.js'
import { FakeRegistry } from '../support/fake-registry.js'
import { makeImage } from '../support/registry-image.js'
import { smallKit } from '../support/small-kit.js'
import { lintTemplate, MotoServer, whyNoMoto } from './programs/moto.js'

const REGION = 'eu-west-1'
const ACCOUNT = '123456789012'

/** What others have set up for a bucket of ours before. */
const FOREIGN = {
  Id: 'theirs',
  Events: ['s3:ObjectRemoved:*' as const],
  LambdaFunctionArn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:other`,
}

/** The AWS SDK of these two does not know AWS_ENDPOINT_URL. */
const ENDPOINT_HOOK = `module.exports = class {
  constructor(serverless) {
    const endpoint = process.env.AWS_ENDPOINT_URL
    const { sdk } = serverless.getProvider('aws')
    for (const name of ['cloudformation', 'lambda', 'iam', 'sts', 'ecr', 'cloudwatchlogs', 'cloudwatch']) sdk.config.update({ [name]: { endpoint } })
    sdk.config.update({ s3: { endpoint, s3ForcePathStyle: true } })
  }
}
`

describe('deploying to AWS, played by moto', function () {
  this.timeout(400_000)
  let moto: MotoServer

  before(async function () {
    const lack = whyNoMoto()
    if (lack === undefined) moto = await MotoServer.start()
    else {
      process.stdout.write(`    skipped: ${lack}\n`)
      this.skip()
    }
  })
  after(() => moto?.stop())

  for (const cli of knownClis())
    describe(`with ${cli.name}`, () => {
      if (cli.lack === undefined) story(cli, () => moto)
      else it.skip(`skipped: ${cli.lack}`)
    })
})

/** One after the other, on one stack. */
function story(cli: Cli, moto: () => MotoServer): void {
  let root: string
  let directory: string
  let registry: FakeRegistry
  let dispatcher: FakeDispatcher
  let aws: ReturnType<typeof clients>
  let firstDeployment: string

  const attempt = (words: string, more: Record<string, string> = {}) =>
    runCli(cli, words.split(' '), {
      cwd: directory,
      environment: {
        ...moto().environment,
        TEST_REGISTRY: registry.host,
        SPILLWAY_ECR_REGISTRY: registry.host,
        ...more,
      },
    })
  const run = async (words: string, more: Record<string, string> = {}) => {
    const { code, stdout, stderr } = await attempt(words, more)
    assert.equal(code, 0, stdout + stderr)
    return stdout + stderr
  }
  const edit = (change: (yaml: string) => string) => {
    const file = join(directory, 'serverless.yml')
    writeFileSync(file, change(readFileSync(file, 'utf8')))
  }
  const rulesOf = async (bucket: string) => {
    const { LambdaFunctionConfigurations = [], QueueConfigurations = [] } = await aws.s3.send(
      new GetBucketNotificationConfigurationCommand({ Bucket: bucket }),
    )
    return [
      ...LambdaFunctionConfigurations.map((rule) => ({ ...rule, target: rule.LambdaFunctionArn })),
      ...QueueConfigurations.map((rule) => ({ ...rule, target: rule.QueueArn })),
    ].map(({ target, Filter }) => [
      target!.split(':').at(-1),
      ...(Filter?.Key?.FilterRules ?? []).map(({ Value }) => Value),
    ])
  }
  const buckets = async () =>
    ((await aws.s3.send(new ListBucketsCommand({}))).Buckets ?? []).map(({ Name }) => Name).sort()

  before(async () => {
    await fetch(`${moto().url}/moto-api/reset`, { method: 'POST' })
    root = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-test-')))
    registry = await FakeRegistry.start()
    const images = new Registry({ registry: registry.host, credentials: [], now: () => Date.now() })
    const config = { config: { Entrypoint: ['/bin/classify'] } }
    await makeImage({ registry: images, repository: 'plants/classify', tag: '1', config })
    directory = copyFixture('lambda', root)
    smallKit(join(root, 'kit'))
    dispatcher = await new FakeDispatcher().listen()
    dispatcher.announce(directory)
    aws = clients(moto().url)
    if (cli.name !== 'osls4') {
      writeFileSync(join(directory, 'endpoint.js'), ENDPOINT_HOOK)
      edit((yaml) => yaml.replace('  - serverless-spillway', '  - serverless-spillway\n  - ./endpoint.js'))
    }
    await aws.s3.send(
      new CreateBucketCommand({ Bucket: 'plants', CreateBucketConfiguration: { LocationConstraint: REGION } }),
    )
    await makeRole(moto().url, 'any')
    await aws.lambda.send(new CreateFunctionCommand(functionNamed('other')))
    const NotificationConfiguration = { LambdaFunctionConfigurations: [FOREIGN] }
    await aws.s3.send(new PutBucketNotificationConfigurationCommand({ Bucket: 'plants', NotificationConfiguration }))
  })
  after(async () => {
    await registry?.close()
    await dispatcher?.close()
    rmSync(root, { recursive: true, force: true })
  })

  it('makes a template that cfn-lint has nothing against', async () => {
    await run('package')
    const template = join(directory, '.serverless', 'cloudformation-template-update-stack.json')
    assert.equal(lintTemplate(template, REGION), '')
  })

  it('deploys functions, buckets, queues and notifications, beside those of others', async () => {
    const said = await run('deploy')
    for (const line of [
      /bucket plants-staging: made/,
      /bucket archive: made/,
      /plants-dev-classify: image spillway-[0-9a-f]{32} pushed/,
      /bucket plants: notifications set/,
      /plants-dev-classify: on Lambda, without a dispatcher/,
      /plants-dev-archive: release 1/,
    ])
      assert.match(said, line)
    assert.deepEqual([...dispatcher.functions.keys()], ['plants-dev-archive', 'plants-dev-clean'])
    assert.deepEqual(await rulesOf('plants'), [
      ['other'],
      ['plants-dev-classify', 'in/', '.jpg'],
      ['plants-dev-classify', 'in/', '.png'],
    ])
    assert.deepEqual(await rulesOf('seeds'), [['plants-dev-classify']])
    assert.deepEqual(await rulesOf('archive'), [['plants-dev-spillway-events', 'in/']])
    const { Configuration } = await aws.lambda.send(new GetFunctionCommand({ FunctionName: 'plants-dev-classify' }))
    assert.equal(Configuration?.MemorySize, 2048)
    assert.match(Configuration?.Role ?? '', /:role\/plants-dev-classify-eu-west-1$/)
    const [deployment] = (await run('deploy list')).match(/[0-9]{13}/) ?? []
    firstDeployment = deployment!
  })

  it('closes the staging bucket to the public, and lets what passes through expire', async () => {
    const Bucket = 'plants-staging'
    const { PublicAccessBlockConfiguration } = await aws.s3.send(new GetPublicAccessBlockCommand({ Bucket }))
    assert.ok(Object.values(PublicAccessBlockConfiguration ?? {}).every((isClosed) => isClosed))
    const { Rules } = await aws.s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))
    assert.deepEqual(
      Rules?.map(({ Filter, Expiration }) => [Filter?.Prefix, Expiration?.Days]),
      [['spillway/', 7]],
    )
  })

  it('puts right what a deployment that was broken off left of it, beside the rules of others', async () => {
    const Bucket = 'plants-staging'
    const other = { ID: 'other', Status: 'Enabled' as const, Filter: { Prefix: 'mine/' }, Expiration: { Days: 30 } }
    const LifecycleConfiguration = { Rules: [other] }
    await aws.s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }))
    await aws.s3.send(new DeletePublicAccessBlockCommand({ Bucket }))
    await aws.s3.send(new DeleteBucketEncryptionCommand({ Bucket }))
    await run('deploy')
    const { Rules } = await aws.s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))
    assert.deepEqual(Rules?.map(({ ID }) => ID).sort(), ['other', 'spillway'])
    const { PublicAccessBlockConfiguration } = await aws.s3.send(new GetPublicAccessBlockCommand({ Bucket }))
    assert.ok(PublicAccessBlockConfiguration?.RestrictPublicBuckets)
    const { ServerSideEncryptionConfiguration } = await aws.s3.send(new GetBucketEncryptionCommand({ Bucket }))
    assert.equal(
      ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm,
      'AES256',
    )
  })

  it('has pushed the images that the template names', async () => {
    const { functions } = JSON.parse(readFileSync(join(directory, '.serverless', 'spillway.json'), 'utf8')) as {
      functions: { name: string; image?: { tag: string; digest: string } }[]
    }
    const images = functions.flatMap(({ image }) => (image ? [image] : []))
    assert.equal(images.length, 2)
    for (const { tag, digest } of images) {
      const answer = await fetch(`http://${registry.host}/v2/serverless-plants-dev/manifests/${tag}`)
      assert.equal(answer.headers.get('docker-content-digest'), digest)
    }
  })

  it('does nothing when nothing has changed', async () => {
    const seen = registry.requests.length
    assert.match(await run('deploy'), /No changes to deploy\. Deployment skipped/)
    const writes = registry.requests.slice(seen).filter(({ method }) => !['GET', 'HEAD'].includes(method))
    assert.deepEqual(writes, [])
  })

  it('deploys what was packaged before, and refuses a package of other files', async () => {
    edit((yaml) => yaml.replace('memorySize: 2Gi', 'memorySize: 3Gi'))
    await run('package --package kept')
    await run('deploy --package kept')
    const { Configuration } = await aws.lambda.send(new GetFunctionCommand({ FunctionName: 'plants-dev-classify' }))
    assert.equal(Configuration?.MemorySize, 3072)
    const script = readFileSync(join(directory, 'classify.sh'))
    writeFileSync(join(directory, 'classify.sh'), 'exit 1\n')
    const { code, stdout, stderr } = await attempt('deploy --package kept')
    assert.equal(code, 1)
    assert.match(
      stdout + stderr,
      /The package in .*kept is not of these files; changed: classify\. Run `serverless package`/,
    )
    writeFileSync(join(directory, 'classify.sh'), script)
  })

  it('updates one function, by the framework’s own command', async () => {
    // moto keeps what CloudFormation makes as a function from an archive.
    await aws.lambda.send(new DeleteFunctionCommand({ FunctionName: 'plants-dev-classify' }))
    await aws.lambda.send(new CreateFunctionCommand(functionNamed('plants-dev-classify')))
    writeFileSync(join(directory, 'classify.sh'), '#!/bin/sh\necho new\n')
    assert.match(await run('deploy function -f classify'), /Function code deployed/)
    const { Code } = await aws.lambda.send(new GetFunctionCommand({ FunctionName: 'plants-dev-classify' }))
    assert.match(
      Code?.ImageUri ?? '',
      /^123456789012\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/serverless-plants-dev@sha256:/,
    )
  })

  it('puts back the code of a version, which the framework’s own command does for archives only', async () => {
    await aws.lambda.send(new DeleteFunctionCommand({ FunctionName: 'plants-dev-archive' }))
    await aws.lambda.send(new CreateFunctionCommand(functionNamed('plants-dev-archive')))
    // moto gives every version the code of the newest: that the right one is taken is seen in published-versions.test.ts.
    for (const key of ['classify', 'archive']) {
      const FunctionName = `plants-dev-${key}`
      const { Version } = await aws.lambda.send(new PublishVersionCommand({ FunctionName }))
      const said = await run(`rollback function -f ${key} --function-version ${Version}`)
      assert.match(said, new RegExp(`${FunctionName}: has the code of version ${Version} again`))
      const spec = dispatcher.functions.get(FunctionName)?.spec as Partial<FunctionSpec> | undefined
      assert.equal(spec?.lambda?.qualifier, key === 'archive' ? Version : undefined)
    }
    const { code, stdout, stderr } = await attempt('rollback function -f classify --function-version 99')
    assert.equal(code, 1)
    assert.match(stdout + stderr, /There is no version 99 of plants-dev-classify at AWS/)
  })

  it('takes back what left the configuration, and brings it back with a rollback', async () => {
    edit((yaml) => yaml.replace('      - lake://seeds/\n', ''))
    assert.match(await run('deploy'), /bucket seeds: notifications set/)
    assert.deepEqual(await rulesOf('seeds'), [])
    const said = await run(`rollback -t ${firstDeployment}`)
    assert.match(said, /bucket seeds: notifications set/)
    assert.match(said, /Functions in the dispatcher keep their releases/)
    assert.deepEqual(await rulesOf('seeds'), [['plants-dev-classify']])
  })

  it('informs about all of them', async () => {
    const said = await run('info')
    assert.match(said, /classify: plants-dev-classify/)
    assert.match(said, /plants-dev-archive: release \d, 0 queued, 0 running/)
    assert.match(said, /plants-dev-classify: on Lambda, without a dispatcher\n {4}input: {3}lake:\/\/plants\/in\//)
  })

  it('gives logs and figures of both sides', async () => {
    await writeLog(moto().url, { group: '/aws/lambda/plants-dev-classify', text: 'it is a rose' })
    dispatcher.addInvocation('plants-dev-archive', Buffer.from('x'), 'text/plain')
    assert.match(await run('logs -f classify'), /it is a rose/)
    assert.match(await run('logs -f archive'), /reading 1 bytes/)
    const all = await run('metrics')
    assert.match(all, /Service wide metrics/)
    assert.match(all, /Functions of Spillway[\s\S]*invocations: 1\n[\s\S]*archive +1 +1/)
    assert.doesNotMatch(await run('metrics -f classify'), /Functions of Spillway/)
    assert.match(await run('metrics -f archive'), /^archive\n.*\n\ninvocations: 1/m)
  })

  it('builds with Docker what provider.ecr.images names, and derives from that', async () => {
    const record = join(root, 'docker')
    mkdirSync(join(record, 'bin'), { recursive: true })
    copyFileSync(join(__dirname, '../support/programs/docker.cjs'), join(record, 'bin', 'docker'))
    chmodSync(join(record, 'bin', 'docker'), 0o755)
    mkdirSync(join(directory, 'own'))
    writeFileSync(join(directory, 'own', 'Dockerfile'), 'FROM scratch\n')
    const images = new Registry({ registry: registry.host, credentials: [], now: () => Date.now() })
    const { digest } = await makeImage({ registry: images, repository: 'serverless-plants-dev', tag: 'own' })
    edit((yaml) =>
      yaml
        .replace(
          '  deploymentMethod: direct\n',
          '  deploymentMethod: direct\n  ecr: { images: { own: { path: ./own } } }\n',
        )
        .replace(/image: (.*)\n {4}command: \[gzip\]/, 'image: own\n    command: [gzip]'),
    )
    const said = await run('deploy', {
      PATH: `${join(record, 'bin')}:${process.env.PATH}`,
      DOCKER_RECORD: record,
      DOCKER_DIGEST: digest,
    })
    assert.match(said, /plants-dev-archive: image spillway-[0-9a-f]{32} pushed/)
    const all = readFileSync(join(record, 'calls'), 'utf8').trim().split('\n')
    const calls = all.filter((call) => call !== '--version')
    assert.deepEqual(
      calls.map((call) => call.split(' ')[0]),
      ['build', 'tag', 'push', 'login', 'push'],
    )
    assert.match(calls[0]!, /^build -t serverless-plants-dev:own -f .*\/own\/Dockerfile/)
    const { functions } = JSON.parse(readFileSync(join(directory, '.serverless', 'spillway.json'), 'utf8')) as {
      functions: { name: string; image?: { base: string } }[]
    }
    const { image } = functions.find(({ name }) => name === 'plants-dev-archive')!
    assert.equal(image?.base, `${registry.host}/serverless-plants-dev@${digest}`)
  })

  it('removes everything but data and what is not ours', async () => {
    await aws.s3.send(new PutObjectCommand({ Bucket: 'plants', Key: 'in/rose.jpg', Body: 'a rose' }))
    await aws.s3.send(
      new PutObjectCommand({ Bucket: 'plants-staging', Key: 'spillway/plants-dev-archive/1/1/x', Body: 'x' }),
    )
    const said = await run('remove')
    assert.match(said, /plants-dev-archive: removed/)
    assert.match(said, /bucket plants-staging: deleted/)
    assert.deepEqual(await buckets(), ['archive', 'plants', 'seeds'])
    assert.deepEqual(await rulesOf('plants'), [['other']])
    assert.deepEqual(await rulesOf('archive'), [])
    const { Functions = [] } = await aws.lambda.send(new ListFunctionsCommand({}))
    assert.deepEqual(
      Functions.map(({ FunctionName }) => FunctionName).filter(
        (name) => !['plants-dev-classify', 'plants-dev-archive'].includes(name!),
      ),
      ['other'],
    )
    assert.deepEqual((await aws.sqs.send(new ListQueuesCommand({}))).QueueUrls ?? [], [])
    assert.deepEqual((await aws.ecr.send(new DescribeRepositoriesCommand({}))).repositories, [])
    assert.deepEqual([...dispatcher.functions.keys()], [])
  })
}

function clients(endpoint: string) {
  const config = { endpoint, region: REGION, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }
  return {
    s3: new S3Client({ ...config, forcePathStyle: true }),
    lambda: new LambdaClient(config),
    sqs: new SQSClient(config),
    ecr: new ECRClient(config),
  }
}

const functionNamed = (name: string) => ({
  FunctionName: name,
  PackageType: 'Image' as const,
  Code: { ImageUri: `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/x@sha256:${'0'.repeat(64)}` },
  Role: `arn:aws:iam::${ACCOUNT}:role/any`,
})

/** By hand, as the SDK's client for it is needed nowhere else. */
async function writeLog(url: string, { group, text }: { group: string; text: string }): Promise<void> {
  const call = async (action: string, body: object) => {
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `Logs_20140328.${action}`,
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/logs/aws4_request, x`,
    }
    const { ok, status } = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    assert.ok(ok, `${action}: ${status}`)
  }
  const place = { logGroupName: group, logStreamName: 'a' }
  await call('CreateLogStream', place)
  await call('PutLogEvents', { ...place, logEvents: [{ timestamp: Date.now(), message: text }] })
}

/** The same. */
async function makeRole(url: string, name: string): Promise<void> {
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  }
  const { ok, status } = await fetch(url, {
    method: 'POST',
    headers: { authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, x' },
    body: new URLSearchParams({
      Action: 'CreateRole',
      Version: '2010-05-08',
      RoleName: name,
      AssumeRolePolicyDocument: JSON.stringify(policy),
    }),
  })
  assert.ok(ok, String(status))
}
