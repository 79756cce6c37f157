/** Which version has the code that was deployed last, and how one becomes the newest again. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { newest, openVersions } from '../../../plugin/aws/published-versions.js'

const version = (Version: string, CodeSha256: string) => ({ Version, CodeSha256 })

describe('published versions of a function on Lambda', () => {
  it('are those of the newest code, the last of them', () => {
    const versions = [version('$LATEST', 'c'), version('9', 'b'), version('10', 'c'), version('2', 'c')]
    assert.equal(newest(versions), '10')
  })

  it('are none where only the newest code has changed, or versions are not kept', () => {
    assert.equal(newest([version('$LATEST', 'd'), version('1', 'c')]), undefined)
    assert.equal(newest([version('$LATEST', 'd')]), undefined)
    assert.equal(newest([]), undefined)
  })
})

describe('a version of a function', () => {
  const PATH = '/2015-03-31/functions/f'
  const codes: Record<string, object> = {
    [`${PATH}?Qualifier=3`]: { ImageUri: 'x@sha256:3', ResolvedImageUri: 'x@sha256:3' },
    [`${PATH}?Qualifier=4`]: { Location: 'https://example.org/archive' },
  }
  const updates: unknown[] = []
  const server = createServer((request, response) => {
    const path = request.url!.replace('/functions/f/?', '/functions/f?')
    void text(request).then((body) => {
      const isUpdate = request.method === 'PUT' && path === `${PATH}/code`
      if (isUpdate) updates.push(JSON.parse(body))
      const Code = codes[path]
      response.statusCode = isUpdate || Code ? 200 : 404
      if (response.statusCode === 404) response.setHeader('x-amzn-errortype', 'ResourceNotFoundException')
      response.end(JSON.stringify({ Code }))
    })
  })
  before(() => once(server.listen(0, '127.0.0.1'), 'listening'))
  after(() => server.close())

  it('gives its image to the newest code; one without an image, and one that is not there, do not', async () => {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
    const config = { region: 'eu-west-1', endpoint, credentials }
    const versions = await openVersions(config)
    await versions.restore('f', '3')
    await assert.rejects(versions.restore('f', '4'), /Version 4 of f has no image/)
    await assert.rejects(
      versions.restore('f', '5'),
      /There is no version 5 of f at AWS. `serverless deploy list functions`/,
    )
    versions.close()
    assert.deepEqual(updates, [{ ImageUri: 'x@sha256:3' }])
  })
})
