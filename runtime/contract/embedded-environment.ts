/** The environment of a dispatcher that a program starts for itself, in a shell that may be set up for another one. */

export type EnvironmentVariables = Readonly<Record<string, string | undefined>>

/** Settings are left out, but for those whose names begin with one of `kept`; all other variables stay. */
export const settingsAside = (environment: EnvironmentVariables, kept: readonly string[]): EnvironmentVariables =>
  Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !name.startsWith('SPILLWAY_') || kept.some((prefix) => name.startsWith(prefix)),
    ),
  )
