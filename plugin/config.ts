/** The only reader of the environment in the plugin. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { settingsAside, type EnvironmentVariables } from '../runtime/contract/embedded-environment.js'

/** Credentials, and how containers run on this machine. */
const KEPT = [
  'SPILLWAY_SECRET_',
  'SPILLWAY_STORAGE_',
  'SPILLWAY_BACKENDS_LOCAL_CONTAINER',
  'SPILLWAY_BACKENDS_REHEARSAL_CONTAINER',
]

/** What tells who may sign in to which registry of images. */
const OF_REGISTRIES = /^(SPILLWAY_REGISTRY_.*|HOME|PATH|XDG_.*|DOCKER_CONFIG|REGISTRY_AUTH_FILE)$/

export interface PluginEnvironment {
  /** For a dispatcher that is not the embedded one. */
  readonly token?: string
  /** Of this user, for what is slow to make and the same in all services. */
  readonly cacheDirectory: string
  /** `host:port` of a registry that stands in for Amazon ECR's, where AWS_ENDPOINT_URL names an emulator of AWS. */
  readonly ecrRegistry?: string
  readonly registries: EnvironmentVariables
  /** Whether a terminal may be drawn on, https://no-color.org: `plain` is text and nothing else. */
  readonly terminal: 'colour' | 'monochrome' | 'plain'
}

export function readEnvironment(environment: NodeJS.ProcessEnv = process.env): PluginEnvironment {
  const token = environment.SPILLWAY_TOKEN?.trim()
  const ecrRegistry = environment.SPILLWAY_ECR_REGISTRY?.trim()
  return Object.freeze({
    ...(token ? { token } : {}),
    ...(ecrRegistry ? { ecrRegistry } : {}),
    cacheDirectory: join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'spillway'),
    terminal: environment.TERM === 'dumb' ? 'plain' : environment.NO_COLOR ? 'monochrome' : 'colour',
    registries: Object.fromEntries(Object.entries(environment).filter(([name]) => OF_REGISTRIES.test(name))),
  })
}

/** What the embedded dispatcher sees of the shell: its settings come from the `spillway` block. */
export const embeddedEnvironment = (environment: NodeJS.ProcessEnv = process.env): EnvironmentVariables =>
  settingsAside(environment, KEPT)
