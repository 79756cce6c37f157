/** Signatures compared with those of AWS's own library. */
import assert from 'node:assert/strict'
import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { objectAddress } from '../../../../runtime/supervisor/aws/s3-address.js'
import { queryOf, signedHeaders, type Signing } from '../../../../runtime/supervisor/aws/sigv4.js'
import { Sha256 } from '../../../support/s3/sha256.js'

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const NOW = Date.UTC(2026, 7, 30, 12, 36, 0)

describe('signing', () => {
  const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter((text) => !/\p{Surrogate}/u.test(text))

  it('agrees with the library of AWS for any key of S3, with and without a session', async () => {
    await fc.assert(
      fc.asyncProperty(
        key,
        fc.constantFrom('GET', 'PUT', 'POST'),
        fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.string({ maxLength: 8 })),
        fc.boolean(),
        async (name, method, query, hasSession) => {
          const address = objectAddress({ region: 'eu-west-1' }, { bucket: 'plants', key: name })
          await agree({
            method,
            address: { ...address, query },
            headers: { 'x-amz-checksum-crc32': 'AAAAAA==', 'if-none-match': '*' },
            credentials: { ...CREDENTIALS, ...(hasSession ? { sessionToken: 'token/of+a=session' } : {}) },
            region: 'eu-west-1',
            service: 's3',
            nowMs: NOW,
          })
        },
      ),
      { numRuns: 100 },
    )
  })

  it('agrees for another service and a signed body', () =>
    agree({
      method: 'POST',
      address: { origin: 'https://secretsmanager.eu-west-1.amazonaws.com', path: '/a b/' },
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' },
      body: Buffer.from('{"SecretId":"plants"}'),
      credentials: CREDENTIALS,
      region: 'eu-west-1',
      service: 'secretsmanager',
      nowMs: NOW,
    }))

  it('sorts a query by its names', () =>
    agree({
      method: 'GET',
      address: { origin: 'https://b.s3.eu-west-1.amazonaws.com', path: '/k', query: { 'a-': '1', a: '2', 'a b': '' } },
      credentials: CREDENTIALS,
      region: 'eu-west-1',
      service: 's3',
      nowMs: NOW,
    }))

  it('keeps no more than it is given', () => {
    const headers = signedHeaders({
      method: 'GET',
      address: { origin: 'http://127.0.0.1:9000', path: '/b/k' },
      credentials: CREDENTIALS,
      region: 'us-east-1',
      service: 's3',
      nowMs: NOW,
    })
    assert.deepEqual(Object.keys(headers).sort(), ['authorization', 'x-amz-content-sha256', 'x-amz-date'])
    assert.equal(headers['x-amz-date'], '20260830T123600Z')
    assert.ok(!JSON.stringify(headers).includes(CREDENTIALS.secretAccessKey))
  })
})

async function agree(signing: Signing): Promise<void> {
  const { method, address, headers = {}, body, credentials, region, service, nowMs } = signing
  const signer = new SignatureV4({
    credentials,
    region,
    service,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    applyChecksum: service === 's3',
  })
  const { protocol, host, hostname } = new URL(address.origin)
  const signed = await signer.sign(
    {
      method,
      protocol,
      hostname,
      path: address.path,
      query: { ...address.query },
      headers: { ...headers, host, ...(body ? {} : { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }) },
      ...(body ? { body } : {}),
    },
    { signingDate: new Date(nowMs) },
  )
  assert.equal(
    signedHeaders(signing).authorization,
    signed.headers.authorization,
    `${address.path}?${queryOf(address)}`,
  )
}
