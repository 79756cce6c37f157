/**
 * The tokens that workers show: bound to function, release, back-end and expiry. A start token is good for `start`
 * alone, and the worker book lets it be used once.
 */
import type { WorkerClaims } from '../../runtime/contract/runtime-api.js'
import { readToken, signToken } from '../signed-token.js'

/** Milliseconds for which a worker token is good; a worker that lives longer is replaced. */
export const WORKER_TOKEN_MS = 30 * 24 * 3600 * 1000

/** Milliseconds that a worker may take until it is up: its pod may wait for a place in a full cluster. */
export const START_TOKEN_MS = 24 * 3600 * 1000

const WORKER = { prefix: 'spw1', name: 'worker token' }
const START = { prefix: 'sps1', name: 'start token' }

export const signWorkerToken = (claims: WorkerClaims, secret: Buffer): string => signToken(WORKER, claims, secret)
export const signStartToken = (claims: WorkerClaims, secret: Buffer): string => signToken(START, claims, secret)

/** The claims of a genuine token that has not run out; otherwise `token-invalid`. */
export const readWorkerToken = (token: string, secret: Buffer, now: number): WorkerClaims =>
  readToken(WORKER, { token, secret, now })
export const readStartToken = (token: string, secret: Buffer, now: number): WorkerClaims =>
  readToken(START, { token, secret, now })
