/** Back-ends that have a place in the configuration but do not come with this version. */
import type { Problem } from '../runtime/contract/problem.js'

const AVAILABLE = ['local']
const PLANNED = ['kubernetes', 'lambda']
const NOT_YET = `not available in this version (0.1); available: ${AVAILABLE.join(', ')}`

const planned = (names: unknown[]): string[] => PLANNED.filter((name) => names.includes(name))

/** `spillway.backends` as written: a map by name. */
export const unavailableInBlock = (backends: unknown, path: string): Problem[] =>
  planned(typeof backends === 'object' && backends !== null ? Object.keys(backends) : []).map((name) => ({
    path: `${path}.${name}`,
    expected: `is ${NOT_YET}`,
  }))

/** `backends` of a function as written: a list of names, or one name. */
export const unavailableInFunction = (backends: unknown, path: string): Problem[] =>
  planned(Array.isArray(backends) ? backends : [backends]).map((name) => ({
    path,
    expected: `names ${name}, which is ${NOT_YET}`,
  }))
