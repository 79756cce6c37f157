/**
 * Signs a request to AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * Pure.
 */
import { createHash, createHmac } from 'node:crypto'

export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
  /** Of a role. */
  sessionToken?: string
}

/** Where a request goes. A URL would not do: it drops the `.` and `..` that a key may have. */
export interface Address {
  /** `https://host:port` */
  origin: string
  /** Escaped, as it is sent. */
  path: string
  query?: Readonly<Record<string, string>>
}

export interface Signing {
  method: string
  address: Address
  /** In lower case, without `host`. All are signed. */
  headers?: Readonly<Record<string, string>>
  /** Undefined: the content is not signed, as it is streamed. */
  body?: Buffer
  credentials: Credentials
  region: string
  service: string
  /** Epoch milliseconds */
  nowMs: number
}

const ALGORITHM = 'AWS4-HMAC-SHA256'
const UNSIGNED = 'UNSIGNED-PAYLOAD'

/** The headers to send: those given, and the ones that make the signature. */
export function signedHeaders(signing: Signing): Record<string, string> {
  const { credentials, nowMs, body, address, service } = signing
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const contentHash = body === undefined ? UNSIGNED : sha256(body)
  const headers: Record<string, string> = {
    ...signing.headers,
    'x-amz-date': time,
    ...(service === 's3' ? { 'x-amz-content-sha256': contentHash } : {}),
    ...(credentials.sessionToken ? { 'x-amz-security-token': credentials.sessionToken } : {}),
  }
  const names = [...Object.keys(headers), 'host'].sort()
  const { host } = new URL(address.origin)
  const valueOf = (name: string) => (name === 'host' ? host : (headers[name] ?? '').trim().replace(/ +/g, ' '))
  const request = [
    signing.method,
    service === 's3' ? address.path : escapedTwice(address.path),
    queryOf(address),
    ...names.map((name) => `${name}:${valueOf(name)}`),
    '',
    names.join(';'),
    contentHash,
  ].join('\n')
  const scope = [time.slice(0, 8), signing.region, service, 'aws4_request']
  const toSign = [ALGORITHM, time, scope.join('/'), sha256(request)].join('\n')
  const key = scope.reduce((secret: string | Buffer, part) => hmac(secret, part), `AWS4${credentials.secretAccessKey}`)
  const signature = hmac(key, toSign).toString('hex')
  const credential = `${credentials.accessKeyId}/${scope.join('/')}`
  return {
    ...headers,
    authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  }
}

/** A text as it stands in a path or a query: only letters, digits and `-._~` stay. */
export const escape = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

/** As it is sent, and as it is signed: sorted. */
export const queryOf = ({ query = {} }: Address): string =>
  Object.entries(query)
    .map(([name, value]): [string, string] => [escape(name), escape(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')

/** S3 alone signs the path as it is sent. */
const escapedTwice = (path: string) => path.split('/').map(escape).join('/')

const sha256 = (content: Buffer | string) => createHash('sha256').update(content).digest('hex')
const hmac = (key: string | Buffer, content: string) => createHmac('sha256', key).update(content).digest()
