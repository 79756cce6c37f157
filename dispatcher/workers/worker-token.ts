/**
 * The tokens that workers show: bound to function, release, back-end and expiry; checked without a look-up. A start
 * token is good for `start` alone, and the worker book lets it be used once.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { WorkerClaims } from '../../runtime/contract/runtime-api.js'

/** Milliseconds for which a worker token is good; a worker that lives longer is replaced. */
export const WORKER_TOKEN_MS = 30 * 24 * 3600 * 1000

/** Milliseconds that a worker may take until it is up: its pod may wait for a place in a full cluster. */
export const START_TOKEN_MS = 24 * 3600 * 1000

const WORKER = { prefix: 'spw1', name: 'worker token' }
const START = { prefix: 'sps1', name: 'start token' }
type Kind = typeof WORKER

export const signWorkerToken = (claims: WorkerClaims, secret: Buffer): string => sign(WORKER, claims, secret)
export const signStartToken = (claims: WorkerClaims, secret: Buffer): string => sign(START, claims, secret)

/** The claims of a genuine token that has not run out; otherwise `token-invalid`. */
export const readWorkerToken = (token: string, secret: Buffer, now: number): WorkerClaims =>
  read(WORKER, { token, secret, now })
export const readStartToken = (token: string, secret: Buffer, now: number): WorkerClaims =>
  read(START, { token, secret, now })

function sign({ prefix }: Kind, claims: WorkerClaims, secret: Buffer): string {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
  return `${prefix}.${payload}.${signature(prefix, payload, secret)}`
}

function read(kind: Kind, { token, secret, now }: { token: string; secret: Buffer; now: number }): WorkerClaims {
  const [prefix, payload, given] = token.split('.')
  if (prefix !== kind.prefix || !payload || !given || !equal(given, signature(prefix, payload, secret)))
    throw new SpillwayError('token-invalid', `This is not a ${kind.name} of this dispatcher.`)
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as WorkerClaims
  if (claims.expiresAt <= now)
    throw new SpillwayError('token-invalid', `The ${kind.name} ran out at ${new Date(claims.expiresAt).toISOString()}.`)
  return claims
}

/** Of the prefix too: one kind cannot pass for the other. */
const signature = (prefix: string, payload: string, secret: Buffer) =>
  createHmac('sha256', secret).update(`${prefix}.${payload}`).digest('base64url')

/** Takes the same time wherever two texts differ. */
export function equal(a: string, b: string): boolean {
  const left = createHmac('sha256', 'compare').update(a).digest()
  const right = createHmac('sha256', 'compare').update(b).digest()
  return timingSafeEqual(left, right)
}
