/** `spillway history export`: what it asks for, and what it leaves when the dispatcher goes away. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { historyExport } from '../../../dispatcher/commands/history-export.js'
import { localServer } from '../../support/local-server.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

describe('spillway history export', () => {
  const directory = temporaryDirectory()
  let asked: string[]
  let answer: (response: ServerResponse) => void
  const local = localServer(({ url = '' }, response) => {
    asked.push(url)
    answer(response)
  })

  beforeEach(() => {
    asked = []
    answer = (response) => response.end('id\na\n')
  })

  const run = async (values: Record<string, string>) => {
    const printed: string[] = []
    const { signal } = new AbortController()
    const print = (line: string) => void printed.push(line)
    const call = {
      values: { url: local().url, ...values },
      words: [],
      environment: {},
      print,
      say: () => undefined,
      signal,
    }
    await historyExport.run(call)
    return printed
  }
  const breakOff = (response: ServerResponse) => {
    response.write('id\na\nb', () => response.destroy())
  }

  it('prints it, or writes a file; a dispatcher may be below a path', async () => {
    assert.deepEqual(await run({ url: `${local().url}/lab/` }), ['id', 'a'])
    const output = join(directory(), 'history.csv')
    await run({ output, since: '2026-11-01', format: 'json' })
    assert.equal(readFileSync(output, 'utf8'), 'id\na\n')
    const since = Date.UTC(2026, 10, 1)
    assert.deepEqual(asked, ['/lab/v1/history?since=0&format=csv', `/v1/history?since=${since}&format=json`])
  })

  it('says when it is not complete, and leaves the file of before', async () => {
    answer = breakOff
    const output = join(directory(), 'history.csv')
    writeFileSync(output, 'of before')
    const expected = { code: 'dispatcher-unreachable', message: /^The history is not complete \(/ }
    await assert.rejects(run({ output }), expected)
    await assert.rejects(run({}), expected)
    assert.equal(readFileSync(output, 'utf8'), 'of before')
    assert.equal(existsSync(`${output}.part`), false)
  })

  it('refuses what is no address, no time and no format, in words', async () => {
    const wrong = { url: 'lab', since: 'yesterday', format: 'xml' }
    for (const [name, value] of Object.entries(wrong))
      await assert.rejects(run({ [name]: value }), {
        code: 'invalid-request',
        message: new RegExp(`^--${name} must be `),
      })
  })
})
