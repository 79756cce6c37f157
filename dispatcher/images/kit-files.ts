/** A kit as files of a layer. One that was brought along may be of another version: the supervisor is always this one's. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Kit } from './kit.js'
import { KIT_DIRECTORY } from './kit-command.js'

/** Readable and executable for any user, whatever the directory on this machine is. */
const MODE = 0o755

export async function filesOfKit(
  { directory }: Kit,
  supervisor: string,
): Promise<{ path: string; mode: number; file: string }[]> {
  const libraries = await readdir(join(directory, 'lib'))
  const names = ['bin/node', ...libraries.sort().map((name) => `lib/${name}`)]
  const files = names.map((name) => ({ name, file: join(directory, name) }))
  return [...files, { name: 'supervisor.cjs', file: supervisor }].map(({ name, file }) => ({
    path: `${KIT_DIRECTORY}/${name}`,
    mode: MODE,
    file,
  }))
}
