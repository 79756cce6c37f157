/** A release that has the files of an earlier one: who puts it need not have them. */
import assert from 'node:assert/strict'
import { API_PATHS, type FunctionDetails } from '../../../../runtime/contract/dispatcher-api.js'
import { serveDispatcher, type ServedDispatcher } from '../../../support/served-dispatcher.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

describe('a release with the files of another', () => {
  const directory = temporaryDirectory()
  let served: ServedDispatcher

  beforeEach(async () => {
    served = await serveDispatcher(directory())
  })
  afterEach(() => served.stop())

  const put = async (body: object) => {
    const headers = { 'content-type': 'application/json' }
    const url = served.url + API_PATHS.function('f')
    const answer = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(body) })
    return { status: answer.status, body: (await answer.json()) as { release: number; code: string; detail: string } }
  }
  const details = async () =>
    (await (await fetch(served.url + API_PATHS.function('f'))).json()) as FunctionDetails & {
      spec: { timeout: number }
    }
  const script = (text: string) => [{ path: 'run.sh', mode: 0o755, data: Buffer.from(text).toString('base64') }]

  it('has those files, and its own spec', async () => {
    await put({ spec: { script: 'run.sh' }, files: script('echo one') })
    const { files } = await details()
    await put({ spec: { script: 'run.sh' }, files: script('echo two, longer') })
    const { status, body } = await put({ spec: { script: 'run.sh', timeout: 77 }, filesOf: 1 })
    assert.deepEqual([status, body.release], [201, 3])
    const now = await details()
    assert.deepEqual([now.files, now.spec.timeout], [files, 77])
    assert.equal((await put({ spec: { script: 'run.sh', timeout: 77 }, filesOf: 3 })).status, 200)
  })

  it('is refused with files of its own, and where there is no such release', async () => {
    await put({ spec: { script: 'run.sh' }, files: script('echo one') })
    const both = await put({ spec: { script: 'run.sh' }, files: script('echo two'), filesOf: 1 })
    assert.deepEqual([both.status, both.body.code], [400, 'invalid-request'])
    assert.match(both.body.detail, /`files` must be empty beside `filesOf`, got 1 file\(s\)/)
    const unknown = await put({ spec: { script: 'run.sh' }, filesOf: 9 })
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'function-not-found'])
    for (const filesOf of [0, 2 ** 31]) assert.equal((await put({ spec: {}, filesOf })).status, 400)
    assert.equal((await details()).release, 1)
  })
})
