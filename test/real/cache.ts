/** Where programs that the tests built or installed stay between runs, outside the repository. */
import { homedir } from 'node:os'
import { join } from 'node:path'

export const CACHE = process.env.SPILLWAY_CACHE ?? join(homedir() || '/tmp', '.cache', 'spillway')
