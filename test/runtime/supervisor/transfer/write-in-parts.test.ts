import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { OutputGrant } from '../../../../runtime/contract/grant.js'
import { writeGranted } from '../../../../runtime/supervisor/transfer/granted.js'
import { localServer } from '../../../support/local-server.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

describe('a result in parts', () => {
  const directory = temporaryDirectory()
  let received: Map<string, Buffer>
  let order: string[]
  /** Paths that are answered with an error, each once. */
  let failing: Map<string, number>
  const local = localServer((request, response) => {
    void buffer(request).then((body) => {
      const path = request.url!
      const status = failing.get(path)
      order.push(path)
      failing.delete(path)
      if (status === undefined) received.set(path, body)
      response.writeHead(status ?? 200).end()
    })
  })

  beforeEach(() => {
    received = new Map()
    order = []
    failing = new Map()
  })

  const grantOf = (...sizes: number[]): OutputGrant => {
    const { url } = local()
    const parts = sizes.map((size, index) => ({ url: `${url}/${index}`, size }))
    return { method: 'PUT', url: parts[0]!.url, expiresAt: Date.now() + 60_000, parts }
  }
  const send = (content: Buffer, grant: OutputGrant) => {
    const from = join(directory(), 'result')
    writeFileSync(from, content)
    return writeGranted({ grant, from, mayMove: false, signal: AbortSignal.timeout(10_000) })
  }
  const all = () => Buffer.concat([...received].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, body]) => body))

  it('goes piece by piece, in order, and arrives whole', async () => {
    const content = randomBytes(250_000)
    await send(content, grantOf(100_000, 100_000, 50_000))
    assert.deepEqual(order, ['/0', '/1', '/2'])
    assert.ok(all().equals(content))
  })

  it('sends only the piece again that broke off', async () => {
    const content = randomBytes(30)
    failing.set('/1', 503)
    await send(content, grantOf(10, 10, 10))
    assert.deepEqual(order, ['/0', '/1', '/1', '/2'])
    assert.ok(all().equals(content))
  })

  it('stops at a piece that is refused', async () => {
    failing.set('/1', 400)
    await assert.rejects(send(randomBytes(30), grantOf(10, 10, 10)), /the storage answered 400/)
    assert.deepEqual(order, ['/0', '/1'])
  })

  it('is not sent when the file has another size than was granted', async () => {
    for (const size of [29, 31]) await assert.rejects(send(randomBytes(size), grantOf(10, 10, 10)), /30 were announced/)
    assert.deepEqual(order, [])
  })
})
