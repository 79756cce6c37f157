import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { exchange } from '../../../runtime/supervisor/http-request.js'
import { eventually } from '../../support/eventually.js'
import { startProgram } from '../../support/lines-of.js'
import { localServer } from '../../support/local-server.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'
import { signal } from '../../support/worker-pids.js'

const MEGABYTE = 1_000_000

describe('a request of the supervisor', () => {
  const directory = temporaryDirectory()
  const local = localServer((request, response) => answer(request, response))
  let answer: RequestListener
  let connections: number

  beforeEach(() => {
    connections = 0
    local().server.on('connection', (socket) => {
      connections += 1
      socket.on('close', () => (connections -= 1))
    })
  })

  const put = (path: string, part: { start: number; size: number }) =>
    exchange({ method: 'PUT', url: local().url, body: { path, ...part }, idleMs: 5000 })
  const fileOf = (content: Buffer) => {
    const path = join(directory(), 'file')
    writeFileSync(path, content)
    return path
  }

  it('keeps each piece of an answer while the next ones are read into the same buffer', async () => {
    const content = randomBytes(8 * MEGABYTE)
    answer = (_request, response) => response.end(content)
    for (let time = 0; time < 3; time++)
      assert.ok((await exchange({ method: 'GET', url: local().url })).body.equals(content))
    assert.equal(connections, 1)
  })

  it('sends just the stretch of a file that it names, an empty one too', async () => {
    const content = randomBytes(3 * MEGABYTE)
    const path = fileOf(content)
    const stretches = [[0, content.length], [MEGABYTE, 1_234_567], [content.length, 0]] as const // prettier-ignore
    for (const [start, size] of stretches) {
      let received: Buffer | undefined
      answer = (request, response) => {
        assert.equal(request.headers['content-length'], String(size))
        void buffer(request).then((body) => response.end((received = body) && 'stored'))
      }
      assert.equal((await put(path, { start, size })).body.toString(), 'stored')
      assert.ok(received!.equals(content.subarray(start, start + size)))
    }
  })

  it('breaks off when the file ends before its time, and says where', async () => {
    answer = (request) => void request.resume()
    const path = fileOf(randomBytes(MEGABYTE))
    await assert.rejects(put(path, { start: 0, size: 2 * MEGABYTE }), /ends after 1000000 of 2000000 bytes/)
    await eventually(() => connections === 0)
  })

  it('dials anew after a silence: what else is kept to that place may be dead too', async () => {
    const dialled: number[] = []
    local().server.on('connection', ({ remotePort }) => dialled.push(remotePort!))
    answer = (_request, response) => setTimeout(() => response.end('here'), 50)
    const get = (idleMs: number) => exchange({ method: 'GET', url: local().url, idleMs })
    await Promise.all([get(5000), get(5000), get(5000)])
    assert.equal(connections, 3)
    answer = () => undefined
    await assert.rejects(get(100), /nothing was heard for 100 ms/)
    await eventually(() => connections === 0)
    answer = (_request, response) => response.end('here')
    await get(5000)
    assert.equal(dialled.length, 4)
  })

  it('gives up soon where nobody picks up', async () => {
    const deaf = startProgram('deaf-server.ts', [])
    const knocks: Socket[] = []
    try {
      const port = Number(await eventually(() => deaf.lines[0]))
      signal(deaf.pid, 'SIGSTOP')
      // The system takes in a few in its place; once they are too many it answers no more.
      const isDeaf = async () => {
        knocks.push(connect(port, '127.0.0.1').on('error', () => undefined))
        await delay(20)
        return knocks.at(-1)!.connecting
      }
      await eventually(isDeaf, { what: 'a connection that is not taken' })
      const call = exchange({ method: 'GET', url: `http://127.0.0.1:${port}/` })
      await assert.rejects(call, /nobody picked up for 5000 ms/)
    } finally {
      for (const knock of knocks) knock.destroy()
      deaf.kill()
    }
  }).timeout(15_000)

  it('says why it was refused, also when nobody reads the rest of the file', async () => {
    answer = (_request, response) => response.writeHead(403).end('no')
    const { status, body } = await put(fileOf(randomBytes(20 * MEGABYTE)), { start: 0, size: 20 * MEGABYTE })
    assert.deepEqual([status, body.toString()], [403, 'no'])
  })
})
