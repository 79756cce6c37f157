/** Where the API of a registry is. Pure. */
import { DEFAULT_REGISTRY } from '../reference.js'

/** The API of the default registry is not where its name points to: https://docs.docker.com/reference/api/registry/latest/ */
const DEFAULT_API = 'https://registry-1.docker.io'

/** Registries of this machine itself, as every engine has it, are spoken to by plain HTTP. */
const LOOPBACK = /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:|$)/

export function apiOrigin(registry: string, insecure: readonly string[] = []): string {
  if (registry === DEFAULT_REGISTRY) return DEFAULT_API
  return `${LOOPBACK.test(registry) || insecure.includes(registry) ? 'http' : 'https'}://${registry}`
}
