/** Amazon ECR: passwords that run out, and repositories that must be there. */
import assert from 'node:assert/strict'
import { ecrProvider, ecrRegion, type EcrApi } from '../../../../dispatcher/images/credentials/ecr.js'

const HOST = '123456789012.dkr.ecr.eu-west-1.amazonaws.com'
const HOUR_MS = 3600 * 1000

describe('Amazon ECR', () => {
  const opened: string[] = []
  const made: string[] = []
  let tokens = 0
  let now = 0
  const api: EcrApi = {
    token: () =>
      Promise.resolve({ token: Buffer.from(`AWS:p:${++tokens}`).toString('base64'), endsAt: now + 12 * HOUR_MS }),
    createRepository: (name) => Promise.resolve(void made.push(name)),
  }
  const open = (region: string) => {
    opened.push(region)
    return Promise.resolve(api)
  }
  const provider = ecrProvider({ open, now: () => now })

  it('is known by its host, which names the region', () => {
    assert.equal(ecrRegion(HOST), 'eu-west-1')
    assert.equal(ecrRegion('123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn'), 'cn-north-1')
    assert.equal(ecrRegion('123456789012.dkr-ecr.us-east-1.on.aws'), 'us-east-1')
    for (const other of ['docker.io', 'public.ecr.aws', `${HOST}.example.org`, `a${HOST}`, 'localhost:5000'])
      assert.equal(ecrRegion(other), undefined, other)
  })

  it('gives a password that is used until shortly before it runs out', async () => {
    assert.deepEqual(await provider.credentialsFor(HOST), { username: 'AWS', password: 'p:1' })
    now += 11 * HOUR_MS
    assert.deepEqual(await provider.credentialsFor(HOST), { username: 'AWS', password: 'p:1' })
    now += HOUR_MS
    assert.deepEqual(await provider.credentialsFor(HOST), { username: 'AWS', password: 'p:2' })
    assert.equal(await provider.credentialsFor('docker.io'), undefined)
    assert.deepEqual(opened, ['eu-west-1'])
  })

  it('gets each repository once', async () => {
    for (const name of ['a/b', 'a/b', 'c']) await provider.prepareRepository?.(HOST, name)
    await provider.prepareRepository?.('docker.io', 'd')
    assert.deepEqual(made, ['a/b', 'c'])
  })
})
