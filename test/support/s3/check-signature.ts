/** Checks who signed a request, in its headers or in its address, with AWS's own library. */
import type { IncomingMessage } from 'node:http'
import { SignatureV4 } from '@smithy/signature-v4'
import { Sha256 } from './sha256.js'

export interface KeyPair {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

interface Claim {
  id: string
  region: string
  service: string
  names: string[]
  /** As AWS writes it: `20260801T120000Z`. */
  date: string
  signature: string
  token: string | undefined
  /** Seconds for which an address is good. */
  expires?: number
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=(?<credential>[^,]+), ?SignedHeaders=(?<names>[^,]+), ?Signature=(?<signature>[0-9a-f]{64})$/

/** Undefined for a request that was signed with these keys, and has not run out. */
export async function signatureProblem(
  request: IncomingMessage,
  body: Buffer,
  keys: KeyPair,
): Promise<string | undefined> {
  const [path = '', search = ''] = (request.url ?? '').split('?', 2)
  const query = new URLSearchParams(search)
  const claim = query.has('X-Amz-Signature') ? claimOfAddress(query) : claimOfHeaders(request)
  if (!claim?.service) return 'the request is not signed'
  if (claim.id !== keys.accessKeyId) return `the keys of ${claim.id} are not known`
  if (keys.sessionToken && claim.token !== keys.sessionToken) return 'the session is unknown'
  if (claim.expires !== undefined && dateOf(claim.date).getTime() + claim.expires * 1000 < Date.now())
    return 'the request has run out'
  const real = await signatureOf({ request, path, query, body, claim, keys })
  return real === claim.signature ? undefined : 'the signature is another'
}

function claimOfHeaders({ headers }: IncomingMessage): Claim | undefined {
  const { credential = '', names = '', signature = '' } = AUTHORIZATION.exec(headers.authorization ?? '')?.groups ?? {}
  const date = String(headers['x-amz-date'] ?? '')
  return claimOf(credential, { names, signature, date, token: headers['x-amz-security-token'] as string | undefined })
}

function claimOfAddress(query: URLSearchParams): Claim | undefined {
  const value = (name: string) => query.get(`X-Amz-${name}`) ?? ''
  const facts = { names: value('SignedHeaders'), signature: value('Signature'), date: value('Date') }
  const token = query.get('X-Amz-Security-Token') ?? undefined
  return claimOf(value('Credential'), { ...facts, token, expires: Number(value('Expires')) })
}

type Facts = Omit<Claim, 'id' | 'region' | 'service' | 'names'> & { names: string }

function claimOf(credential: string, { names, ...facts }: Facts): Claim | undefined {
  const [id, , region, service] = credential.split('/')
  return id && region && service ? { id, region, service, names: names.split(';'), ...facts } : undefined
}

interface Signing {
  request: IncomingMessage
  path: string
  query: URLSearchParams
  body: Buffer
  claim: Claim
  keys: KeyPair
}

async function signatureOf({ request, path, query, body, claim, keys }: Signing): Promise<string | undefined> {
  const { region, service, names, date, expires } = claim
  const { accessKeyId, secretAccessKey } = keys
  const { 'x-amz-date': _, ...headers } = Object.fromEntries(names.map((name) => [name, String(request.headers[name])]))
  const signer = new SignatureV4({
    // The session's token is among the signed headers, or in the address, already.
    credentials: { accessKeyId, secretAccessKey },
    region,
    service,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    applyChecksum: service === 's3',
  })
  const place = { method: request.method ?? '', protocol: 'http:', hostname: '127.0.0.1', path }
  const signingDate = dateOf(date)
  if (expires === undefined) {
    const unsigned = { ...place, query: Object.fromEntries(query), headers, body }
    const signed = await signer.sign(unsigned, { signingDate, signableHeaders: new Set(names) })
    return signed.headers.authorization?.split('Signature=')[1]
  }
  const others = [...query].filter(([name]) => !OF_THE_SIGNATURE.test(name))
  const unsigned = { ...place, query: Object.fromEntries(others), headers: { ...headers, ...UNSIGNED } }
  const presigned = await signer.presign(unsigned, {
    signingDate,
    expiresIn: expires,
    signableHeaders: new Set(names),
  })
  return String(presigned.query?.['X-Amz-Signature'])
}

/** Nobody knows the content when an address is signed; this becomes a part of the address. */
const UNSIGNED = { 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' }

/** Not the session's token, which is signed like any other part of the address. */
const OF_THE_SIGNATURE = /^X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature)$/

const dateOf = (text: string) =>
  new Date(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
