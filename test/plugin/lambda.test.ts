/** What the framework makes of functions on Lambda: its own template, on every CLI, without AWS. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NODE_OPTIONS } from '../../dispatcher/images/kit-command.js'
import { Registry } from '../../dispatcher/images/registry/registry.js'
import { copyFixture, describeOnClis, runCli } from '../support/cli.js'
import { FakeRegistry } from '../support/fake-registry.js'
import { makeImage } from '../support/registry-image.js'
import { smallKit } from '../support/small-kit.js'

const IMAGE = {
  Entrypoint: ['/bin/classify'],
  WorkingDir: '/tmp/work',
  Env: ['PATH=/bin', 'LD_LIBRARY_PATH=/opt/lib'],
}

interface Resource {
  Type: string
  Properties: Record<string, unknown>
  DependsOn?: string[]
}

interface Template {
  Resources: Record<string, Resource>
  Outputs: Record<string, { Value: unknown }>
}

interface Packaged {
  name: string
  image?: { base: string; tag: string; digest: string }
}

describeOnClis('functions on Lambda', function (cli) {
  this.timeout(120_000)
  let root: string
  let directory: string
  let registry: FakeRegistry
  let template: Template
  let packaged: Packaged[]

  const run = (words: string, cwd = directory) =>
    runCli(cli, words.split(' '), { cwd, environment: { TEST_REGISTRY: registry.host } })
  const read = (name: string, cwd = directory) =>
    JSON.parse(readFileSync(join(cwd, '.serverless', name), 'utf8')) as unknown
  const readTemplate = (cwd = directory) => read('cloudformation-template-update-stack.json', cwd) as Template
  const edit = (change: (yaml: string) => string, cwd = directory) => {
    const file = join(cwd, 'serverless.yml')
    writeFileSync(file, change(readFileSync(file, 'utf8')))
  }
  const properties = (id: string) => template.Resources[id]!.Properties
  const ofType = (type: string) => Object.values(template.Resources).filter(({ Type }) => Type === type)
  const imageOf = (name: string) => packaged.find((entry) => entry.name === name)!.image!

  before(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-test-')))
    registry = await FakeRegistry.start()
    const images = new Registry({ registry: registry.host, credentials: [], now: () => Date.now() })
    await makeImage({ registry: images, repository: 'plants/classify', tag: '1', config: { config: IMAGE } })
    directory = copyFixture('lambda', root)
    smallKit(join(root, 'kit'))
    const result = await run('package')
    assert.equal(result.code, 0, result.stdout + result.stderr)
    template = readTemplate()
    packaged = (read('spillway.json') as { functions: Packaged[] }).functions
  })
  after(async () => {
    await registry.close()
    rmSync(root, { recursive: true, force: true })
  })

  it('are image functions, pinned by digest, that start the runtime kit', () => {
    const { digest, tag, base } = imageOf('plants-dev-classify')
    assert.match(base, new RegExp(`^${registry.host}/plants/classify@sha256:[0-9a-f]{64}$`))
    assert.match(tag, /^spillway-[0-9a-f]{32}$/)
    const found = properties('ClassifyLambdaFunction')
    assert.equal(found.PackageType, 'Image')
    assert.deepEqual(found.Code, {
      ImageUri: {
        'Fn::Sub': `\${AWS::AccountId}.dkr.ecr.\${AWS::Region}.\${AWS::URLSuffix}/serverless-plants-dev@${digest}`,
      },
    })
    const { EntryPoint, Command, WorkingDirectory } = found.ImageConfig as Record<string, string[]>
    assert.deepEqual(
      [...EntryPoint!, ...Command!].filter((word) => !NODE_OPTIONS.includes(word)),
      [
        '/opt/spillway/lib/ld-linux.so.2',
        '--library-path',
        '/opt/spillway/lib',
        '/opt/spillway/bin/node',
        '/opt/spillway/supervisor.cjs',
      ],
    )
    assert.equal(WorkingDirectory, '/')
    const version = ofType('AWS::Lambda::Version').find(
      ({ Properties }) => (Properties.FunctionName as { Ref: string }).Ref === 'ClassifyLambdaFunction',
    )
    assert.equal(`sha256:${String(version?.Properties.CodeSha256)}`, digest)
  })

  it('have what the spec says, what Lambda allows, and the framework’s own words', () => {
    const { MemorySize, Timeout, EphemeralStorage, Architectures, Environment, Description, Tags } =
      properties('ClassifyLambdaFunction')
    assert.deepEqual(
      { MemorySize, Timeout, EphemeralStorage, Architectures },
      {
        MemorySize: 2048,
        Timeout: 610,
        EphemeralStorage: { Size: 1024 },
        Architectures: ['x86_64'],
      },
    )
    assert.deepEqual(Environment, { Variables: { STAGE: 'dev', MODEL: 'model/weights.txt', LD_LIBRARY_PATH: '' } })
    assert.deepEqual(
      { Description, Tags },
      { Description: 'says what plant it is', Tags: [{ Key: 'project', Value: 'garden' }] },
    )
    const { VpcConfig, FileSystemConfigs, ReservedConcurrentExecutions } = properties('ClassifyLambdaFunction')
    assert.deepEqual(VpcConfig, { SecurityGroupIds: ['sg-0a1b2c3d'], SubnetIds: ['subnet-0a1b2c3d'] })
    assert.equal((FileSystemConfigs as object[]).length, 1)
    assert.equal(ReservedConcurrentExecutions, 5)
    assert.equal(properties('ClassifyLogGroup').RetentionInDays, 14)
    assert.equal(properties('ArchiveLambdaFunction').Timeout, 900, 'the spec says 20 min')
    assert.equal(template.Resources.CleanLambdaFunction, undefined)
  })

  it('have a role each, for their own places', () => {
    const role = template.Resources.ClassifyLambdaFunction!.Properties.Role as { 'Fn::GetAtt': string[] }
    const found = properties(role['Fn::GetAtt'][0]!)
    assert.equal(found.RoleName, 'plants-dev-classify-eu-west-1')
    assert.equal(found.PermissionsBoundary, 'arn:aws:iam::123456789012:policy/boundary')
    const text = JSON.stringify(found.Policies)
    for (const place of ['plants/in/*', 'seeds/*', 'plants/out/*', 'plants-staging/spillway/plants-dev-classify/*'])
      assert.ok(text.includes(`:s3:::${place}"`), place)
    assert.ok(!text.includes('archive'))
    assert.doesNotMatch(text, /"Resource":"\*"|"s3:\*"/)
  })

  it('are started by S3 directly, or by a queue that a dispatcher polls', () => {
    const permissions = ofType('AWS::Lambda::Permission').map(({ Properties }) => Properties)
    assert.equal(permissions.length, 2)
    for (const { FunctionName, SourceAccount } of permissions) {
      assert.deepEqual(FunctionName, { 'Fn::GetAtt': ['ClassifyLambdaFunction', 'Arn'] })
      assert.deepEqual(SourceAccount, { Ref: 'AWS::AccountId' })
    }
    assert.deepEqual(
      ofType('AWS::SQS::Queue').map(({ Properties }) => Properties.QueueName),
      ['plants-dev-spillway-dead-letters', 'plants-dev-spillway-events'],
    )
    const [policy] = ofType('AWS::SQS::QueuePolicy')
    assert.match(JSON.stringify(policy), /:s3:::archive"/)
    assert.equal(template.Outputs.SpillwayEventQueue?.Value, 'plants-dev-spillway-events')
  })

  it('of another architecture have the kit that was made for it', async () => {
    const other = copyFixture('lambda', join(root, 'arm'))
    smallKit(join(root, 'arm', 'kit-arm64'), 'arm64')
    const images = new Registry({ registry: registry.host, credentials: [], now: () => Date.now() })
    const config = { architecture: 'arm64', config: IMAGE }
    await makeImage({ registry: images, repository: 'plants/classify', tag: 'arm', config })
    const onArm = (yaml: string) =>
      yaml
        .replace('plants/classify:1\n    script', 'plants/classify:arm\n    architecture: arm64\n    script')
        .replace('x86_64: ../kit', 'x86_64: ../../kit, arm64: ../kit-arm64')
    edit(onArm, other)
    const { code, stdout } = await run('package', other)
    assert.equal(code, 0, stdout)
    const { ClassifyLambdaFunction: classify, ArchiveLambdaFunction: archive } = readTemplate(other).Resources
    assert.deepEqual([classify?.Properties.Architectures, archive?.Properties.Architectures], [['arm64'], ['x86_64']])
    edit((yaml) => yaml.replace(', arm64: ../kit-arm64', ''), other)
    const without = await run('package', other)
    assert.equal(without.code, 1)
    assert.match(without.stdout + without.stderr, /no runtime kit for arm64/)
    edit((yaml) => yaml.replace('architecture: arm64', 'architecture: x86_64'), other)
    const wrong = await run('package', other)
    assert.match(wrong.stdout + wrong.stderr, /classify:arm is for linux\/arm64, and linux\/amd64 .* is wanted/)
  })

  it('change nothing about ordinary functions, nor about the role that those share', async () => {
    const alone = copyFixture('lambda', join(root, 'alone'))
    edit(
      (yaml) => yaml.replace(/spillway:[\s\S]*functions:/, 'functions:').replace(/ {2}# Lambda alone[\s\S]*/, ''),
      alone,
    )
    const result = await run('package', alone)
    assert.equal(result.code, 0, result.stdout)
    const expected = readTemplate(alone)
    for (const id of ['HelloLambdaFunction', 'HelloLogGroup', 'IamRoleLambdaExecution'])
      assert.deepEqual(withoutTime(template.Resources[id]), withoutTime(expected.Resources[id]), id)
  })

  it('are packaged the same again, and by digest without a network', async () => {
    const { base } = imageOf('plants-dev-classify')
    edit((yaml) => yaml.replaceAll('${env:TEST_REGISTRY}/plants/classify:1', base))
    registry.fail({ status: 500, times: 1000 })
    const result = await run('package')
    assert.equal(result.code, 0, result.stdout)
    const again = readTemplate()
    assert.equal(again.Resources.ClassifyLambdaFunction?.Type, 'AWS::Lambda::Function')
    assert.deepEqual(again.Resources.SpillwayDeadLetters, template.Resources.SpillwayDeadLetters)
  })

  it('are compared with what was packaged last where no dispatcher has them', async () => {
    const same = await run('spillway diff -f classify')
    assert.deepEqual(
      [same.code, same.stdout],
      [0, 'plants-dev-classify: unchanged; beside the last package in .serverless\n'],
      same.stderr,
    )
    edit((yaml) => yaml.replace('timeout: 10m', 'timeout: 5m').replace('lake://plants/out/', 'lake://plants/results/'))
    const { code, stdout, stderr } = await run('spillway diff -f classify')
    assert.equal(code, 1)
    assert.match(stdout, /^ {2}~ spec timeout: 600 -> 300$/m)
    assert.match(stdout, /^ {2}~ Lambda function timeout: 610 -> 310$/m)
    assert.match(stdout, /^ {2}~ Lambda role Properties\.Policies.*plants\/results\/\*/m)
    assert.match(stderr, /Of Lambda, what comes from the spec is compared/)
  })

  it('are checked by the framework where its own words are concerned', async () => {
    edit((yaml) => yaml.replace('project: garden', 'project: { garden: 1 }'))
    const { stdout, stderr } = await run('print')
    assert.match(stdout + stderr, /at 'functions\.classify\.tags\.project': must be string/)
  })
})

const withoutTime = (resource: Resource | undefined) =>
  JSON.stringify(resource).replaceAll(/[0-9]{13}-[0-9TZ:.-]+/g, 'TIME')
