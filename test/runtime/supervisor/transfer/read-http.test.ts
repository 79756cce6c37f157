import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { InputGrant } from '../../../../runtime/contract/grant.js'
import { readGranted } from '../../../../runtime/supervisor/transfer/granted.js'
import { eventually } from '../../../support/eventually.js'
import { localServer } from '../../../support/local-server.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

const CONTENT = randomBytes(3_000_000)

describe('an input over HTTP', () => {
  const directory = temporaryDirectory()
  /** What the server does with each request, in this order; the last one again and again. */
  let answers: ((response: ServerResponse) => void)[]
  let asked: number
  let closed: number
  const local = localServer((_request, response) => {
    response.on('close', () => (closed += 1))
    answers[Math.min(asked++, answers.length - 1)]!(response)
  })

  beforeEach(() => {
    asked = 0
    closed = 0
  })

  const to = () => join(directory(), 'input')
  const receive = ({ bytesMax = CONTENT.length, signal = AbortSignal.timeout(10_000) } = {}) => {
    const url = `${local().url}/input`
    const grant: InputGrant = {
      method: 'GET',
      url,
      name: 'input',
      size: CONTENT.length,
      expiresAt: Date.now() + 60_000,
    }
    return readGranted({ grant, to: to(), bytesMax, signal })
  }
  const whole = (response: ServerResponse) => response.end(CONTENT)
  /** Announces all, and goes away on the way. */
  const breaking = (response: ServerResponse) => {
    response.writeHead(200, { 'content-length': CONTENT.length })
    response.write(CONTENT.subarray(0, 1_000_000), () => response.destroy())
  }
  const endless = (response: ServerResponse) => {
    const more = (): void => void response.write(CONTENT, (error) => error || more())
    more()
  }

  it('arrives as it is, up to the last byte that fits', async () => {
    answers = [whole]
    await receive()
    assert.ok(readFileSync(to()).equals(CONTENT))
  })

  it('is fetched again from the start when it broke off', async () => {
    answers = [breaking, breaking, whole]
    await receive()
    assert.equal(asked, 3)
    assert.ok(readFileSync(to()).equals(CONTENT))
  })

  it('that ends before its announced length is not taken for whole', async () => {
    answers = [breaking]
    await assert.rejects(receive(), { name: 'TransferError', fault: 'interrupted' })
  })

  it('is broken off, and not asked for again, once it has more than fits', async () => {
    answers = [endless]
    await assert.rejects(receive(), { name: 'TransferError', fault: 'too-large', message: /at most 3000000 fit/ })
    assert.equal(asked, 1)
    await eventually(() => closed === 1)
  })

  it('is broken off when it is not wanted any more', async () => {
    answers = [(response) => void response.writeHead(200).write(CONTENT)]
    const abort = new AbortController()
    const received = receive({ signal: abort.signal })
    await eventually(() => asked === 1)
    abort.abort()
    await assert.rejects(received)
    await eventually(() => closed === 1)
    assert.equal(asked, 1)
  })
})
