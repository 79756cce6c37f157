/** Which functions go to Lambda, on which road, and who answers for them. */
import assert from 'node:assert/strict'
import { dispatcherConfig } from '../../plugin/embedded-dispatcher.js'
import { readService } from '../../plugin/read-service.js'
import { needsDispatcher, type Service } from '../../plugin/service.js'
import { takesPart } from '../../plugin/takes-part.js'
import { formatProblems } from '../../runtime/contract/problem.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const LAMBDA = { lambda: { stagingBucket: 'garden-staging' } }
const STORAGE = { lake: { type: 's3' }, here: { type: 'directory', path: 'data' } }

describe('the roads of functions on Lambda', () => {
  const directory = temporaryDirectory()

  function read(functions: Record<string, object>, spillway: object = {}, provider: object = {}): Service {
    const all = Object.entries(functions).map(([key, block]) => [key, { image: 'i', command: ['x'], ...block }])
    const configuration = {
      provider: { name: 'aws', ...provider },
      spillway: { storage: STORAGE, backends: LAMBDA, ...spillway },
      functions: Object.fromEntries(all) as Record<string, Record<string, unknown>>,
    }
    const place = { service: 'garden', stage: 'dev', region: 'eu-west-1', directory: directory() }
    const { service, problems } = readService({ ...place, configuration })
    if (!service) throw new Error(formatProblems(problems))
    return service
  }
  const roads = ({ lambda }: Service) => Object.fromEntries(lambda!.functions.map(({ key, road }) => [key, road]))

  it('are direct where Lambda alone runs a function and S3 holds its files, else by a dispatcher', () => {
    const functions = {
      direct: { backends: 'lambda', input: 'lake://seeds/', output: 'lake://plants/' },
      request: { backends: 'lambda' },
      hybrid: { input: 'lake://leaves/' },
      folder: { backends: 'lambda', input: 'here://in/' },
      never: { backends: 'local' },
    }
    const service = read(functions, { backends: { ...LAMBDA, local: {} } })
    assert.deepEqual(roads(service), {
      direct: 'direct',
      request: 'direct',
      hybrid: 'dispatched',
      folder: 'dispatched',
    })
    assert.deepEqual(
      service.functions.map(({ key }) => key),
      ['hybrid', 'folder', 'never'],
    )
    const withDispatcher = read({ direct: functions.direct }, { dispatcher: 'https://spillway.example.org' })
    assert.deepEqual(roads(withDispatcher), { direct: 'dispatched' })
  })

  it('need no dispatcher where all are direct', () => {
    assert.equal(needsDispatcher(read({ a: {} })), false)
    assert.equal(needsDispatcher(read({ a: { input: 'here://in/' } })), true)
  })

  it('do not lead to Lambda what can never run there, and the user is told', () => {
    const service = read({ large: { memorySize: '20Gi' } }, { backends: { ...LAMBDA, local: {} } })
    assert.deepEqual(roads(service), {})
    assert.deepEqual(service.notes, [
      'large is not deployed to Lambda, where it can never run: memorySize 20,480 MB is over 10,240 MB',
    ])
  })

  it('take what provider says of roles and networks, in old words and in new ones', () => {
    const statement = { Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' }
    const role = { statements: [statement], permissionsBoundary: 'arn:b', path: '/x/', tags: { a: 'b' } }
    assert.deepEqual(read({ a: {} }, {}, { iam: { role } }).lambda!.role, {
      isGiven: false,
      managedPolicies: [],
      ...role,
    })
    const old = read(
      { a: {} },
      {},
      { iamRoleStatements: [statement], rolePermissionsBoundary: 'arn:b', vpc: { subnetIds: [] } },
    )
    assert.deepEqual(old.lambda!.role.statements, [statement])
    assert.deepEqual(old.lambda!.functions[0]!.passed, { vpc: { subnetIds: [] } })
    assert.equal(read({ a: {} }, {}, { iam: { role: 'arn:aws:iam::1:role/x' } }).lambda!.role.isGiven, true)
  })

  it('decide whether a command is the framework’s', () => {
    const service = read(
      { direct: { backends: 'lambda' }, hybrid: {}, local: { backends: 'local' } },
      { backends: { ...LAMBDA, local: {} } },
    )
    const answers = (command: string) =>
      ['direct', 'hybrid', 'local'].map((key) => takesPart(command.split(' '), key, service))
    for (const command of ['deploy', 'deploy function'])
      assert.deepEqual(answers(command), [true, true, false], command)
    for (const command of ['logs', 'metrics']) assert.deepEqual(answers(command), [true, false, false], command)
    for (const command of ['invoke', 'invoke local', 'rollback function'])
      assert.deepEqual(answers(command), [false, false, false], command)
  })

  it('give the embedded dispatcher the queue of its storage', () => {
    const service = read({ hybrid: { input: 'lake://leaves/' } }, { backends: { ...LAMBDA, local: {} } })
    const { storage } = dispatcherConfig(service, 0) as { storage: Record<string, object> }
    assert.deepEqual(storage.lake, { type: 's3', region: 'eu-west-1', queues: ['garden-dev-spillway-events'] })
    assert.equal('queues' in storage.here!, false)
  })
})
