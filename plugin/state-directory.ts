/** `.spillway/` beside serverless.yml: what an embedded dispatcher and the plugin keep on this machine. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Beside serverless.yml. */
export const STATE_DIRECTORY = '.spillway'

export const stateDirectory = (serviceDirectory: string): string => join(serviceDirectory, STATE_DIRECTORY)

/** The same, made if need be, and out of the sight of version control. */
export function makeStateDirectory(serviceDirectory: string): string {
  const directory = stateDirectory(serviceDirectory)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, '.gitignore'), '*\n')
  return directory
}
