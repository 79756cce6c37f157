/** The compiler alone; `test/plugin/lambda.test.ts` has the whole template, as the framework makes it. */
import assert from 'node:assert/strict'
import { compile } from '../../../../../dispatcher/backends/lambda/compile/compile.js'
import type { LambdaFunction, LambdaService } from '../../../../../dispatcher/backends/lambda/compile/lambda-service.js'
import { logicalId, roleName } from '../../../../../dispatcher/backends/lambda/compile/names.js'
import { statementsFor } from '../../../../../dispatcher/backends/lambda/compile/statements.js'
import { lambdaFunction, lambdaService } from '../../../../support/lambda-service.js'

const IN_AND_OUT = { script: 's.sh', input: 'lake://in/a/', output: 'lake://out/' }

const compiled = (functions: LambdaFunction[], more: Partial<LambdaService> = {}) =>
  compile(lambdaService(functions, more), (key) => `${key}LambdaFunction`)

/** Actions -> resources, with functions of the template as plain text. */
const rights = (entry: LambdaFunction): Record<string, string[]> =>
  Object.fromEntries(
    statementsFor(entry, lambdaService([entry])).map(({ Action, Resource }) => [
      Action.join(),
      [Resource].flat().map((arn) => plain(arn)),
    ]),
  )

function plain(value: unknown): string {
  if (typeof value === 'string') return value
  const { Ref, 'Fn::Join': join, 'Fn::GetAtt': attribute } = value as Record<string, unknown>
  if (Ref !== undefined) return `<${String(Ref).replace('AWS::', '')}>`
  if (attribute) return `<${(attribute as string[]).join('.')}>`
  return (join as [string, unknown[]])[1].map(plain).join('')
}

describe('the Lambda compiler', () => {
  it('gives a function rights to its own places, and to nothing else', () => {
    assert.deepEqual(rights(lambdaFunction('f', { ...IN_AND_OUT, secrets: [{ env: 'A', from: 'db/password' }] })), {
      'logs:CreateLogStream,logs:PutLogEvents': [
        'arn:<Partition>:logs:<Region>:<AccountId>:log-group:/aws/lambda/garden-dev-f:*',
      ],
      's3:GetObject,s3:GetObjectVersion': ['arn:<Partition>:s3:::in/a/*'],
      's3:PutObject,s3:AbortMultipartUpload': ['arn:<Partition>:s3:::out/*'],
      's3:GetObject': ['arn:<Partition>:s3:::garden-staging/spillway/garden-dev-f/*'],
      'secretsmanager:GetSecretValue': ['arn:<Partition>:secretsmanager:<Region>:<AccountId>:secret:db-??????'],
      'sqs:SendMessage': ['<SpillwayDeadLetters.Arn>'],
    })
  })

  it('lets one that has a dispatcher write below its staging prefix only', () => {
    const found = rights(
      lambdaFunction('f', { ...IN_AND_OUT, input: ['lake://in/', 'minio://x/'] }, { road: 'dispatched' }),
    )
    assert.deepEqual(found['s3:GetObject,s3:GetObjectVersion'], ['arn:<Partition>:s3:::in/*'])
    assert.deepEqual(found['s3:PutObject,s3:AbortMultipartUpload'], [
      'arn:<Partition>:s3:::garden-staging/spillway/garden-dev-f/*',
    ])
    assert.equal(found['sqs:SendMessage'], undefined)
  })

  it('takes prefixes at their word, whatever they mean in a policy', () => {
    const found = rights(lambdaFunction('f', { ...IN_AND_OUT, input: 'lake://in/$a*?/' }))
    assert.deepEqual(found['s3:GetObject,s3:GetObjectVersion'], ['arn:<Partition>:s3:::in/${$}a${*}${?}/*'])
  })

  it('adds what network, file system, tracing and keys of the framework need', () => {
    const passed = {
      vpc: { subnetIds: ['s'] },
      fileSystemConfig: { arn: 'arn:fs' },
      tracing: 'Active',
      kmsKeyArn: 'arn:key',
      onError: 'arn:topic',
    }
    const entry = lambdaFunction('f', IN_AND_OUT, { passed })
    const found = rights(entry)
    assert.deepEqual(found['elasticfilesystem:ClientMount,elasticfilesystem:ClientWrite'], ['arn:fs'])
    assert.deepEqual(found['kms:Decrypt'], ['arn:key'])
    assert.deepEqual(found['sns:Publish'], ['arn:topic'])
    assert.equal(found['sqs:SendMessage'], undefined)
    const role = Object.values(compiled([entry]).resources.Resources)[0] as {
      Properties: { ManagedPolicyArns: object[] }
    }
    assert.match(plain(role.Properties.ManagedPolicyArns[0]), /AWSLambdaENIManagementAccess$/)
  })

  it('says in the framework’s words what Lambda allows', () => {
    const { functions } = compiled([
      lambdaFunction('small', {
        ...IN_AND_OUT,
        ephemeralStorageSize: 100,
        timeout: 0.5,
        concurrency: 3,
        retries: { attempts: 1 },
      }),
      lambdaFunction('long', { ...IN_AND_OUT, timeout: '2h', concurrency: 3 }, { road: 'dispatched' }),
    ])
    const { ephemeralStorageSize, timeout, reservedConcurrency, maximumRetryAttempts } = functions.small!
    assert.deepEqual(
      { ephemeralStorageSize, timeout, reservedConcurrency, maximumRetryAttempts },
      {
        ephemeralStorageSize: 512,
        timeout: 11,
        reservedConcurrency: 3,
        maximumRetryAttempts: 0,
      },
    )
    assert.equal(functions.long!.timeout, 900)
    assert.equal(functions.long!.reservedConcurrency, undefined)
    assert.equal(functions.long!.maximumRetryAttempts, undefined)
  })

  it('makes no role where there is one', () => {
    const given = { isGiven: true, statements: [], managedPolicies: [] }
    const own = compiled([lambdaFunction('f', { script: 's' }, { passed: { role: 'arn:role' } })])
    assert.deepEqual([own.functions.f!.role, own.resources.Resources], ['arn:role', {}])
    const ofAll = compiled([lambdaFunction('f', { script: 's' })], { role: given })
    assert.deepEqual(['role' in ofAll.functions.f!, ofAll.resources.Resources], [false, {}])
  })

  it('makes a queue where a dispatcher has to hear of S3 in the region of the stack, with private functions too', () => {
    const far = lambdaFunction('far', { ...IN_AND_OUT, input: ['far://x/', 'minio://y/'] }, { road: 'dispatched' })
    assert.deepEqual(compiled([far]).resources.Metadata.Spillway.notifications, [])
    const near = [{ storage: 'lake', bucket: 'shelf', prefix: 'a/', suffix: [] }]
    const { resources } = compiled([far], { privateInputs: near })
    assert.deepEqual(
      resources.Metadata.Spillway.notifications.map(({ bucket, prefix, target }) => [bucket, prefix, target.name]),
      [['shelf', 'a/', 'garden-dev-spillway-events']],
    )
    assert.deepEqual(Object.keys(resources.Resources).slice(1), [
      'SpillwayDeadLetters',
      'SpillwayEvents',
      'SpillwayEventsPolicy',
    ])
  })

  it('calls things by names that AWS takes', () => {
    const long = 'a-service-with-a-very-long-name-production-and-a-function-too'
    assert.equal(roleName('plants-dev-f', 'eu-west-1'), 'plants-dev-f-eu-west-1')
    assert.equal(roleName(long, 'eu-west-1').length, 64)
    assert.notEqual(roleName(long, 'eu-west-1'), roleName(long, 'eu-west-2'))
    assert.match(logicalId('Role', 'a-b'), /^SpillwayRoleab[0-9a-f]{8}$/)
    assert.notEqual(logicalId('Role', 'a-b'), logicalId('Role', 'ab'))
  })
})
