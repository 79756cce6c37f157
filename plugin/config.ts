/** The only reader of the environment in the plugin. */
import { settingsAside, type EnvironmentVariables } from '../runtime/contract/embedded-environment.js'

/** Credentials, and how containers run on this machine. */
const KEPT = ['SPILLWAY_SECRET_', 'SPILLWAY_STORAGE_', 'SPILLWAY_BACKENDS_LOCAL_CONTAINER']

export interface PluginEnvironment {
  /** For a dispatcher that is not the embedded one. */
  readonly token?: string
}

export function readEnvironment(environment: NodeJS.ProcessEnv = process.env): PluginEnvironment {
  const token = environment.SPILLWAY_TOKEN?.trim()
  return Object.freeze(token ? { token } : {})
}

/** What the embedded dispatcher sees of the shell: its settings come from the `spillway` block. */
export const embeddedEnvironment = (environment: NodeJS.ProcessEnv = process.env): EnvironmentVariables =>
  settingsAside(environment, KEPT)
