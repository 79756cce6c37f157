import assert from 'node:assert/strict'
import { DispatcherClient } from '../../../../plugin/dispatcher-client.js'
import { dispatchers } from '../../../support/dispatcher-process.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

describe('the list of invocations', () => {
  const start = dispatchers(temporaryDirectory())

  it('comes in pages, newest first, each row once, and another cursor than its own is refused', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-f', '#!/bin/sh\n')
    const ids: string[] = []
    for (const body of ['1', '2', '3', '4', '5']) ids.unshift((await dispatcher.invoke('s-dev-f', body)).id)
    const client = new DispatcherClient({ url: dispatcher.url })
    const pages: string[][] = []
    let cursor: string | undefined
    do {
      const page = await client.invocations({ function: 's-dev-f', limit: 2, ...(cursor ? { cursor } : {}) })
      pages.push(page.invocations.map(({ id }) => id))
      cursor = page.cursor
    } while (cursor !== undefined)
    assert.deepEqual(pages, [ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)])
    await assert.rejects(client.invocations({ cursor: '17' }), { code: 'invalid-request' })
  })
})
