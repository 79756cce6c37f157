/**
 * Amazon ECR: a password for 12 hours, and repositories that must be there before the first push.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
 */
import type { CredentialProvider, Credentials } from './credentials.js'

/** As much of ECR's API as images need. */
export interface EcrApi {
  /** base64 of `AWS:password`, and when it ends in epoch milliseconds. */
  token(signal?: AbortSignal): Promise<{ token: string; endsAt: number }>
  /** Makes a private repository; one that is there already, or that may not be made, is no fault. */
  createRepository(name: string, signal?: AbortSignal): Promise<void>
}

export interface EcrOptions {
  /** Called once per region, when it is first needed. */
  open(region: string): Promise<EcrApi>
  now(): number
}

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html (2026-08) */
const HOST =
  /^[0-9]{12}\.dkr(?:\.ecr|-ecr|\.ecr-fips)\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.(?:aws|amazonwebservices\.com\.cn))$/

/** A password is not used in its last minutes. */
const MARGIN_MS = 10 * 60 * 1000

export const ecrRegion = (registry: string): string | undefined => HOST.exec(registry)?.[1]

export const ecrProvider = (options: EcrOptions): CredentialProvider => new EcrProvider(options)

class EcrProvider implements CredentialProvider {
  readonly #options: EcrOptions
  readonly #apis = new Map<string, Promise<EcrApi>>()
  readonly #kept = new Map<string, { credentials: Credentials; until: number }>()
  readonly #prepared = new Set<string>()

  constructor(options: EcrOptions) {
    this.#options = options
  }

  async credentialsFor(registry: string, signal?: AbortSignal): Promise<Credentials | undefined> {
    const region = ecrRegion(registry)
    if (region === undefined) return undefined
    const kept = this.#kept.get(registry)
    if (kept && kept.until > this.#options.now()) return kept.credentials
    const { token, endsAt } = await (await this.#api(region)).token(signal)
    const [username = '', ...rest] = Buffer.from(token, 'base64').toString().split(':')
    const credentials = { username, password: rest.join(':') }
    this.#kept.set(registry, { credentials, until: endsAt - MARGIN_MS })
    return credentials
  }

  async prepareRepository(registry: string, repository: string, signal?: AbortSignal): Promise<void> {
    const region = ecrRegion(registry)
    if (region === undefined || this.#prepared.has(`${registry}/${repository}`)) return
    await (await this.#api(region)).createRepository(repository, signal)
    this.#prepared.add(`${registry}/${repository}`)
  }

  #api(region: string): Promise<EcrApi> {
    const api = this.#apis.get(region) ?? this.#options.open(region)
    this.#apis.set(region, api)
    api.catch(() => this.#apis.delete(region))
    return api
  }
}
