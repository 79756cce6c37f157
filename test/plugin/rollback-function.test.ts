/** `rollback function`: what goes back is the code on Lambda, and nothing comes along from the folder. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { AwsAccess } from '../../plugin/aws/aws-access.js'
import { deploy } from '../../plugin/commands/deploy.js'
import { rollBackFunction } from '../../plugin/commands/lambda/rollback-function.js'
import type { SpillwayError } from '../../runtime/contract/errors.js'
import { commandIn } from '../support/command.js'
import { FakeDispatcher } from '../support/fake-dispatcher.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const NAME = 'garden-dev-water'
const YAML = `
service: garden
provider: { name: aws, runtime: provided.al2023 }
plugins: [serverless-spillway]
spillway:
  storage: { here: { type: directory, path: ./data } }
  backends: { local: {}, lambda: { stagingBucket: garden-staging } }
functions:
  water: { image: garden/water:1, script: water.sh, timeout: 60, lambda: { timeout: 30 } }
`

describe('rollback function', () => {
  const root = temporaryDirectory()
  let directory: string
  let dispatcher: FakeDispatcher
  let updates: string[]
  const lambda = createServer((request, response) => {
    if (request.method === 'PUT') updates.push(request.url!)
    response.end(JSON.stringify({ Code: { ImageUri: 'x@sha256:3' } }))
  })

  before(() => once(lambda.listen(0, '127.0.0.1'), 'listening'))
  after(() => lambda.close())
  beforeEach(async () => {
    directory = root()
    updates = []
    writeFileSync(join(directory, 'serverless.yml'), YAML)
    writeFileSync(join(directory, 'water.sh'), 'echo deployed\n')
    dispatcher = await new FakeDispatcher().listen()
    dispatcher.announce(directory)
  })
  afterEach(() => dispatcher.close())

  const rollBack = async () => {
    const run = commandIn(directory, { function: 'water', 'function-version': '3' })
    const endpoint = `http://127.0.0.1:${(lambda.address() as AddressInfo).port}`
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
    const clientConfig = () => Promise.resolve({ region: 'eu-west-1', endpoint, credentials })
    await rollBackFunction({ ...run.context, aws: () => ({ clientConfig }) as Partial<AwsAccess> as AwsAccess })
    return run.said
  }

  it('has the dispatcher call the version, and leaves unfinished edits of the folder where they are', async () => {
    await deploy(commandIn(directory).context)
    const before = dispatcher.functions.get(NAME)!
    writeFileSync(join(directory, 'water.sh'), 'echo unfinished\n')
    writeFileSync(join(directory, 'serverless.yml'), YAML.replace('timeout: 60', 'timeout: 10'))
    assert.deepEqual((await rollBack()).slice(0, 2), [
      `success: ${NAME}: has the code of version 3 again`,
      `success: ${NAME}: release 2`,
    ])
    const after = dispatcher.functions.get(NAME)!
    assert.deepEqual(after.files, before.files)
    assert.deepEqual(after.spec, { ...before.spec, lambda: { timeout: 30, qualifier: '3' } })
    assert.equal(updates.length, 1)
  })

  it('changes nothing at AWS where the dispatcher does not know the function', async () => {
    await assert.rejects(rollBack(), { code: 'function-not-found' })
    assert.deepEqual(updates, [])
  })

  it('changes nothing at AWS where the dispatcher is too old to keep the files of a release', async () => {
    await deploy(commandIn(directory).context)
    dispatcher.knowsFilesOf = false
    await assert.rejects(rollBack(), (error: SpillwayError) => {
      assert.equal(error.code, 'not-available')
      assert.match(error.message, /older than this plugin.*additional properties.*Nothing was changed.*Update the disp/)
      return true
    })
    assert.deepEqual(updates, [])
    assert.equal(dispatcher.functions.get(NAME)!.release, 1)
  })
})
