/** The only reader of the environment in the plugin. */

export interface PluginEnvironment {
  /** For a dispatcher that is not the embedded one. */
  readonly token?: string
}

export function readEnvironment(environment: NodeJS.ProcessEnv = process.env): PluginEnvironment {
  const token = environment.SPILLWAY_TOKEN?.trim()
  return Object.freeze(token ? { token } : {})
}
