/** The token that a worker shows: bound to function, release, back-end and expiry; checked without a look-up. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { WorkerClaims } from '../../runtime/contract/runtime-api.js'

const PREFIX = 'spw1'

export function signWorkerToken(claims: WorkerClaims, secret: Buffer): string {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
  return `${PREFIX}.${payload}.${signature(payload, secret)}`
}

/** The claims of a genuine token that has not run out; otherwise `token-invalid`. */
export function readWorkerToken(token: string, secret: Buffer, now: number): WorkerClaims {
  const [prefix, payload, given] = token.split('.')
  if (prefix !== PREFIX || !payload || !given || !equal(given, signature(payload, secret)))
    throw new SpillwayError('token-invalid', 'This is not a worker token of this dispatcher.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as WorkerClaims
  if (claims.expiresAt <= now)
    throw new SpillwayError('token-invalid', `The worker token ran out at ${new Date(claims.expiresAt).toISOString()}.`)
  return claims
}

const signature = (payload: string, secret: Buffer) => createHmac('sha256', secret).update(payload).digest('base64url')

/** Takes the same time wherever two texts differ. */
export function equal(a: string, b: string): boolean {
  const left = createHmac('sha256', 'compare').update(a).digest()
  const right = createHmac('sha256', 'compare').update(b).digest()
  return timingSafeEqual(left, right)
}
