/** Checks who signed a request, with AWS's own library. */
import type { IncomingMessage } from 'node:http'
import { SignatureV4 } from '@smithy/signature-v4'
import { Sha256 } from './sha256.js'

export interface KeyPair {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=(?<id>[^/]+)\/\d{8}\/(?<region>[^/]+)\/(?<service>[^/]+)\/aws4_request, ?SignedHeaders=(?<names>[^,]+), ?Signature=(?<signature>[0-9a-f]{64})$/

/** Undefined for a request that was signed with these keys. */
export async function signatureProblem(
  request: IncomingMessage,
  body: Buffer,
  keys: KeyPair,
): Promise<string | undefined> {
  const { id, region, service, names, signature } =
    AUTHORIZATION.exec(request.headers.authorization ?? '')?.groups ?? {}
  if (!names || !region || !service) return 'the request is not signed'
  if (id !== keys.accessKeyId) return `the keys of ${id} are not known`
  if (keys.sessionToken && request.headers['x-amz-security-token'] !== keys.sessionToken)
    return 'the session is unknown'
  const [path = '', query = ''] = (request.url ?? '').split('?', 2)
  const headers = Object.fromEntries(names.split(';').map((name) => [name, String(request.headers[name])]))
  const { 'x-amz-date': date = '', ...others } = headers
  const { accessKeyId, secretAccessKey } = keys
  const signer = new SignatureV4({
    // The session's token is among the headers already.
    credentials: { accessKeyId, secretAccessKey },
    region,
    service,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    applyChecksum: service === 's3',
  })
  const signed = await signer.sign(
    {
      method: request.method ?? '',
      protocol: 'http:',
      hostname: '127.0.0.1',
      path,
      query: Object.fromEntries(new URLSearchParams(query)),
      headers: others,
      body,
    },
    { signingDate: dateOf(date), signableHeaders: new Set(names.split(';')) },
  )
  return signed.headers.authorization?.endsWith(signature ?? '') ? undefined : 'the signature is another'
}

/** `20260801T120000Z` */
const dateOf = (text: string) =>
  new Date(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
