/**
 * Signs calls of one registry: learns from its first refusal what it wants, and keeps tokens until shortly before they
 * run out. https://distribution.github.io/distribution/spec/auth/token/
 */
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { Credentials } from '../credentials/credentials.js'
import type { Answer } from './answer.js'
import { parseChallenge, type Challenge } from './challenge.js'
import { refusal } from './faults.js'
import type { Call } from './call.js'
import type { Send } from './send.js'

export interface AuthorizationOptions {
  /** As users call it. */
  registry: string
  /** Where its API is. */
  origin: string
  credentials(signal?: AbortSignal): Promise<Credentials | undefined>
  send: Send
  now(): number
}

/** Seconds for which a token is good when nobody says so, and before its end from when it is not used any more. */
const TOKEN_SECONDS = 60
const MARGIN_SECONDS = 10

interface Token {
  header: string
  until: number
}

export class Authorization {
  readonly #options: AuthorizationOptions
  readonly #tokens = new Map<string, Promise<Token>>()
  #challenge: Challenge | undefined

  constructor(options: AuthorizationOptions) {
    this.#options = options
  }

  /** `scope` is what the call needs, e.g. `repository:team/tool:pull`. Undefined: without. */
  async header(scope: string, signal?: AbortSignal): Promise<string | undefined> {
    if (this.#challenge?.scheme === 'basic') return this.#basic(signal)
    if (this.#challenge === undefined) return undefined
    const kept = await this.#tokens.get(scope)?.catch(() => undefined)
    if (kept && kept.until > this.#options.now()) return kept.header
    const asked = this.#askForToken(this.#challenge, scope, signal)
    this.#tokens.set(scope, asked)
    return (await asked).header
  }

  /** From an answer of 401; true when the call should be tried once more. */
  learn(answer: Answer, scope: string): boolean {
    const challenge = parseChallenge(answer.header('www-authenticate'))
    if (challenge === undefined) return false
    this.#challenge = challenge
    this.#tokens.delete(scope)
    answer.drop()
    return true
  }

  async #basic(signal?: AbortSignal): Promise<string | undefined> {
    const credentials = await this.#options.credentials(signal)
    return credentials && 'username' in credentials ? basic(credentials) : undefined
  }

  async #askForToken(challenge: TokenChallenge, scope: string, signal?: AbortSignal): Promise<Token> {
    const { send, now } = this.#options
    const credentials = await this.#options.credentials(signal)
    const call = tokenCall({ challenge, scope, credentials, realm: this.#checkedRealm(challenge.realm) })
    const answer = await send({ ...call, signal })
    if (!answer.ok) throw await refusal(answer, call)
    const { token, access_token, expires_in } = JSON.parse(await answer.text()) as TokenAnswer
    const seconds = Math.max(0, (expires_in ?? TOKEN_SECONDS) - MARGIN_SECONDS)
    return { header: `Bearer ${token ?? access_token ?? ''}`, until: now() + seconds * 1000 }
  }

  /** A password goes to whom the registry names, but never in the clear where the registry itself is not. */
  #checkedRealm(realm: string): URL {
    const { registry, origin } = this.#options
    const url = URL.canParse(realm, origin) ? new URL(realm, origin) : undefined
    if (url && (url.protocol === 'https:' || (url.protocol === 'http:' && origin.startsWith('http:')))) return url
    throw new SpillwayError(
      'registry-refused',
      `The registry ${registry} wants a token of ${JSON.stringify(realm)}, which is no address by HTTPS; nothing is sent there.`,
    )
  }
}

interface TokenAnswer {
  token?: string
  access_token?: string
  /** seconds */
  expires_in?: number
}

const basic = ({ username, password }: { username: string; password: string }) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

type TokenChallenge = Extract<Challenge, { scheme: 'bearer' }>

interface TokenRequest {
  challenge: TokenChallenge
  scope: string
  credentials: Credentials | undefined
  realm: URL
}

function tokenCall({ challenge: { service }, scope, credentials, realm }: TokenRequest): Call {
  if (credentials && 'identityToken' in credentials) {
    const fields = {
      grant_type: 'refresh_token',
      refresh_token: credentials.identityToken,
      client_id: 'spillway',
      scope,
    }
    const form = new URLSearchParams({ ...fields, ...(service === undefined ? {} : { service }) })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return { method: 'POST', url: realm, headers, body: () => Buffer.from(form.toString()) }
  }
  const url = new URL(realm)
  if (service !== undefined) url.searchParams.set('service', service)
  for (const one of scope.split(' ')) url.searchParams.append('scope', one)
  return { method: 'GET', url, headers: credentials ? { authorization: basic(credentials) } : {} }
}
