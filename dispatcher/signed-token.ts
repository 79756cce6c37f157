/** Facts that come back to us as we gave them out: signed, with an expiry, checked without a look-up. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { SpillwayError } from '../runtime/contract/errors.js'

/** One kind cannot pass for another. */
export interface TokenKind {
  prefix: string
  name: string
}

interface Expiring {
  /** Epoch milliseconds */
  expiresAt: number
}

export interface TokenReading {
  token: string
  secret: Buffer
  now: number
}

export function signToken({ prefix }: TokenKind, claims: Expiring, secret: Buffer): string {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
  return `${prefix}.${payload}.${signature(prefix, payload, secret)}`
}

/** The claims of a genuine token that has not run out; otherwise `token-invalid`. */
export function readToken<T extends Expiring>(kind: TokenKind, { token, secret, now }: TokenReading): T {
  const [prefix, payload, given] = token.split('.')
  if (prefix !== kind.prefix || !payload || !given || !equal(given, signature(prefix, payload, secret)))
    throw new SpillwayError('token-invalid', `This is not a ${kind.name} of this dispatcher.`)
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as T
  if (claims.expiresAt <= now)
    throw new SpillwayError('token-invalid', `The ${kind.name} ran out at ${new Date(claims.expiresAt).toISOString()}.`)
  return claims
}

/** Of the prefix too. */
const signature = (prefix: string, payload: string, secret: Buffer) =>
  createHmac('sha256', secret).update(`${prefix}.${payload}`).digest('base64url')

/** Takes the same time wherever two texts differ. */
export function equal(a: string, b: string): boolean {
  const left = createHmac('sha256', 'compare').update(a).digest()
  const right = createHmac('sha256', 'compare').update(b).digest()
  return timingSafeEqual(left, right)
}
