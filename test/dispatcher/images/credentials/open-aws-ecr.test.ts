/** ECR's API as the AWS SDK speaks it, with a server of our own at the other end. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openAwsEcr } from '../../../../dispatcher/images/credentials/open-aws-ecr.js'

const PREFIX = 'AmazonEC2ContainerRegistry_V20150921.'
const ENVIRONMENT = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', NODE_NO_WARNINGS: '1' }

describe('Amazon ECR by the AWS SDK', () => {
  const asked: string[] = []
  const kept = { ...process.env }
  let answer: { status: number; body: unknown }
  let server: Server

  before(async () => {
    server = createServer((request, response) => {
      asked.push(String(request.headers['x-amz-target']).replace(PREFIX, ''))
      response
        .writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' })
        .end(JSON.stringify(answer.body))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    Object.assign(process.env, ENVIRONMENT, { AWS_ENDPOINT_URL: endpoint })
  })
  after(() => {
    process.env = kept
    server.closeAllConnections()
    server.close()
  })

  it('gives a token and its end', async () => {
    const data = { authorizationToken: 'QVdTOnA=', expiresAt: 2_000_000_000 }
    answer = { status: 200, body: { authorizationData: [data] } }
    const api = await openAwsEcr('eu-west-1')
    assert.deepEqual(await api.token(), { token: 'QVdTOnA=', endsAt: 2_000_000_000_000 })
    assert.deepEqual(asked, ['GetAuthorizationToken'])
  })

  it('makes a repository, and is content when it is there or others make them', async () => {
    const api = await openAwsEcr('eu-west-1')
    answer = { status: 200, body: {} }
    await api.createRepository('a/b')
    for (const type of ['RepositoryAlreadyExistsException', 'AccessDeniedException']) {
      answer = { status: 400, body: { __type: type, message: 'no' } }
      await api.createRepository('a/b')
    }
    assert.equal(asked.at(-1), 'CreateRepository')
  })

  it('says what it needs when AWS refuses', async () => {
    const api = await openAwsEcr('eu-west-1')
    answer = { status: 400, body: { __type: 'InvalidParameterException', message: 'odd name' } }
    await assert.rejects(api.createRepository('A'), {
      code: 'registry-refused',
      message: /makes no repository A: odd name\. It needs AWS credentials/,
    })
    answer = { status: 400, body: { __type: 'UnrecognizedClientException', message: 'bad key' } }
    await assert.rejects(api.token(), {
      code: 'registry-refused',
      message: /eu-west-1 gives no password: bad key\. .*ecr:GetAuthorizationToken/,
    })
  })
})
