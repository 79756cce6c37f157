/** Variables of an image that are fine for the user's program and not for ours. Pure. */

/** The loader's, the C library's and Node's own. */
const STEERING = /^(LD|NODE|GLIBC|MALLOC)_/

/** Hidden from the supervisor, and given back to the script by the worker file. */
export const steering = (environment: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => STEERING.test(name)))
