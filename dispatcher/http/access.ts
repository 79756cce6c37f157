/** Who may call what: users, senders of events and workers have different tokens; loopback alone needs none. */
import type { FastifyRequest } from 'fastify'
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { WorkerClaims } from '../../runtime/contract/runtime-api.js'
import { isLoopback, type DispatcherConfig } from '../config.js'
import { equal } from '../signed-token.js'
import { readStartToken, readWorkerToken } from '../workers/worker-token.js'

export type Role = 'public' | 'user' | 'events' | 'worker' | 'starting'

declare module 'fastify' {
  interface FastifyContextConfig {
    role?: Role
  }
  interface FastifyRequest {
    worker: WorkerClaims | null
  }
}

/** Throws unless the caller may call the route; notes a worker's claims on the request. */
export function checkAccess(request: FastifyRequest, config: DispatcherConfig, now: number): void {
  const role = request.routeOptions.config.role ?? 'user'
  if (role === 'public') return
  if (role === 'worker' || role === 'starting') {
    const read = role === 'worker' ? readWorkerToken : readStartToken
    request.worker = read(bearer(request) ?? missing(role), config.workerSecret, now)
    return
  }
  const { user, events } = config.tokens
  const accepted = role === 'events' ? [...events, ...user] : user
  if (accepted.length === 0 && isLoopback(config.host)) return refuseStrangers(request)
  const token = bearer(request) ?? (role === 'events' ? password(request) : undefined) ?? missing(role)
  if (accepted.some((known) => equal(known, token))) return
  if (role === 'user' && events.some((known) => equal(known, token)))
    throw new SpillwayError(
      'token-forbidden',
      'This token is for senders of events; this call needs a token of a user.',
    )
  throw new SpillwayError('token-invalid', `The token is not one of this dispatcher's tokens for the role ${role}.`)
}

function bearer(request: FastifyRequest): string | undefined {
  const match = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')
  return match?.[1]
}

/** Senders that know no other way, such as Ceph, have the token as the password of their URL; whatever their user is called. */
function password(request: FastifyRequest): string | undefined {
  const encoded = /^Basic +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
  return /^[^:]*:(.+)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8'))?.[1]
}

function missing(role: Role): never {
  const also = role === 'events' ? ', or `Basic` with the token as the password' : ''
  throw new SpillwayError(
    'token-missing',
    `This call needs \`Authorization: Bearer <token>\` with a token of the role ${role}${also}.`,
  )
}

/** Without tokens, a web page in the user's browser must not be able to call us: its requests name another host or origin. */
function refuseStrangers(request: FastifyRequest): void {
  const { host, origin } = request.headers
  const foreignOrigin = origin !== undefined && !isLoopback(hostName(origin.replace(/^[a-z]+:\/\//, '')))
  if (!foreignOrigin && (host === undefined || isLoopback(hostName(host)))) return
  throw new SpillwayError(
    'token-missing',
    `Without a token only programs on this machine may call, got host ${host} and origin ${origin ?? 'none'}.`,
  )
}

const hostName = (host: string) => host.replace(/:[0-9]+$/, '')
