/** What commands that make images take from their options, the environment, and this installation. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { ImagesOptions } from '../images/images.js'
import type { CommandCall, CommandOption } from './command.js'

export const CACHE_OPTION: CommandOption = {
  value: 'DIR',
  about: 'where layers are kept for the next time. Default: ~/.cache/spillway/images',
}

/** Where this package is installed: compiled, this file lies one folder deeper in it than its source. */
export function packageDirectory(from = __dirname): string {
  if (existsSync(join(from, 'package.json'))) return from
  if (from === dirname(from)) throw new Error(`no package.json above ${__dirname}`)
  return packageDirectory(dirname(from))
}

export async function imagesOptions({ values, environment }: CommandCall): Promise<ImagesOptions> {
  const { credentialsFromEnvironment } = await import('../images/credentials/from-environment.js')
  const caches = environment.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  return {
    cacheDirectory: resolve((values.cache as string | undefined) ?? join(caches, 'spillway', 'images')),
    supervisor: join(packageDirectory(), 'dist', 'runtime', 'supervisor.cjs'),
    node: process.execPath,
    credentials: credentialsFromEnvironment(environment, Date.now),
    now: Date.now,
  }
}
