/** `.spillway/` beside serverless.yml: what an embedded dispatcher and the plugin keep on this machine. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
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

/** Takes it away where nothing is in it any more. */
export function tidyStateDirectory(serviceDirectory: string): void {
  const directory = stateDirectory(serviceDirectory)
  const rest = existsSync(directory) ? readdirSync(directory) : []
  if (rest.every((name) => name === '.gitignore')) rmSync(directory, { recursive: true, force: true })
}
