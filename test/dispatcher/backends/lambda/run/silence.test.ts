/** AWS that takes a connection and says nothing, or stops in the middle: every call ends, so that patience can run out. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Aws } from '../../../../../dispatcher/backends/lambda/run/aws.js'
import { connect } from '../../../../../dispatcher/backends/lambda/run/connect.js'

const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'
const TIMES = { connect: 1000, idle: 100, answer: 100 }
const UNANSWERED = {
  code: 'backend-unavailable',
  message: /^the staging bucket b does not answer: .*timed out after 100/,
}

const NOT_TOLD = { message: 'Lambda has not answered for 0.1 s' }

describe('AWS that falls silent', () => {
  let server: Server
  let sockets: Set<Socket>
  let said: string
  let aws: Aws

  beforeEach(async () => {
    said = ''
    sockets = new Set()
    server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined).on('data', () => void socket.write(said))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
    aws = await connect({
      region: 'eu-west-1',
      stagingBucket: 'b',
      endpoints: { lambda: url, s3: url },
      credentials,
      times: TIMES,
    })
  })
  afterEach(async () => {
    aws.lambda.close()
    aws.staging.close()
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it('has not answered a call of the staging bucket, which may be made again', async () => {
    const { staging } = aws
    await assert.rejects(staging.get('key'), UNANSWERED)
    await assert.rejects(staging.open('key'), UNANSWERED)
    await assert.rejects(staging.removeBelow('key/'), UNANSWERED)
    await assert.rejects(staging.put('key', Buffer.from('x')), UNANSWERED)
  })

  it('in the middle of a file has not sent it', async () => {
    said = HALF
    await assert.rejects(aws.staging.get('key'), UNANSWERED)
    await assert.rejects(buffer(await aws.staging.open('key')), { name: 'TimeoutError' })
  })

  it('does not tell about the account and a function, and the asking ends', async () => {
    await assert.rejects(aws.lambda.accountConcurrency(), NOT_TOLD)
    await assert.rejects(aws.lambda.functionFacts('f'), NOT_TOLD)
  })
})
