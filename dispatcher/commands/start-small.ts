/** Keeps what a program takes for its start from staying with it. */
import { setFlagsFromString } from 'node:v8'

/** V8's own: https://github.com/nodejs/node/blob/main/deps/v8/src/flags/flag-definitions.h */
const GROWTH_FACTOR = 2

/** Milliseconds: some clients are loaded once the program is there, such as that of a cluster. */
const SETTLED_MS = 2000

/**
 * Until the work is done, and a little longer, V8 does not enlarge its space for what is new. Thousands of modules that are
 * loaded make it grow to 16 MB, three times over, and an idle program never gives them back. Whoever is busy later gets them then.
 */
export async function startSmall<T>(work: () => Promise<T>, settledMs = SETTLED_MS): Promise<T> {
  setFlagsFromString('--semi-space-growth-factor=1')
  const grow = () => setFlagsFromString(`--semi-space-growth-factor=${GROWTH_FACTOR}`)
  return work().finally(() => setTimeout(grow, settledMs).unref())
}
