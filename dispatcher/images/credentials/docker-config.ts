/**
 * Credentials that `docker login` and `podman login` keep: https://docs.docker.com/reference/cli/docker/login/#description
 * Reading is pure.
 */
import { asError, SpillwayError } from '../../../runtime/contract/errors.js'
import { DEFAULT_REGISTRY } from '../reference.js'
import type { Credentials } from './credentials.js'

export interface DockerConfig {
  auths?: Record<string, DockerAuth | null>
  /** Registry -> name of a program that knows its credentials. */
  credHelpers?: Record<string, string>
  /** Name of the program that knows all others. */
  credsStore?: string
}

interface DockerAuth {
  /** `user:password` in base64 */
  auth?: string
  username?: string
  password?: string
  identitytoken?: string
}

/** What the file says about a registry: the credentials, or which program to ask, and with what. */
export type DockerEntry = { credentials: Credentials } | { helper: string; server: string }

/** Key of the default registry, from times when it had another interface. */
const DEFAULT_KEY = 'https://index.docker.io/v1/'
const DEFAULT_HOSTS = ['index.docker.io', 'registry-1.docker.io', DEFAULT_REGISTRY]

export function parseDockerConfig(text: string, name: string): DockerConfig {
  try {
    const value = JSON.parse(text) as unknown
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as DockerConfig
    throw new Error('it is no object')
  } catch (thrown) {
    throw new SpillwayError(
      'invalid-configuration',
      `${name} must be JSON as \`docker login\` writes it: ${asError(thrown).message}.`,
    )
  }
}

export function entryFor(config: DockerConfig, registry: string): DockerEntry | undefined {
  const server = registry === DEFAULT_REGISTRY ? DEFAULT_KEY : registry
  const helper = Object.entries(config.credHelpers ?? {}).find(([key]) => registryOf(key) === registry)?.[1]
  if (helper) return { helper, server }
  const found = Object.entries(config.auths ?? {}).find(([key]) => registryOf(key) === registry)
  const credentials = found?.[1] ? credentialsOf(found[1]) : undefined
  if (credentials) return { credentials }
  return config.credsStore && found ? { helper: config.credsStore, server: found[0] } : undefined
}

/** `https://registry.example.org/v2/` is the registry `registry.example.org`. */
function registryOf(key: string): string {
  const host = key.replace(/^[a-z]+:\/\//, '').replace(/\/.*$/s, '')
  return DEFAULT_HOSTS.includes(host) ? DEFAULT_REGISTRY : host
}

function credentialsOf({ auth, username, password, identitytoken }: DockerAuth): Credentials | undefined {
  if (identitytoken) return { identityToken: identitytoken }
  if (username && password) return { username, password }
  const pair = Buffer.from(auth ?? '', 'base64').toString()
  const at = pair.indexOf(':')
  return at > 0 ? { username: pair.slice(0, at), password: pair.slice(at + 1).replace(/\0+$/, '') } : undefined
}
