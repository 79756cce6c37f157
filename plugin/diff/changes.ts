/** Two values as JSON has them -> the keys in which they differ. Pure. */

export interface Change {
  /** `retries.attempts`, `input[0].prefix`; empty for the whole. */
  path: string
  /** Absent: it was not there. */
  before?: unknown
  /** Absent: it is not there any more. */
  after?: unknown
}

/** In the order of the keys before, then of those that came. */
export function changes(before: unknown, after: unknown, path = ''): Change[] {
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return keys.flatMap((key) => changes(before[key], after[key], joined(path, key)))
  }
  if (hasMaps(before) && hasMaps(after)) {
    const length = Math.max(before.length, after.length)
    return Array.from({ length }, (_, at) => changes(before[at], after[at], `${path}[${at}]`)).flat()
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }]
}

/** A key that would not read well between dots stands in brackets. */
function joined(path: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`
  return path === '' ? key : `${path}.${key}`
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Lists of plain values are compared as one. */
const hasMaps = (value: unknown): value is unknown[] => Array.isArray(value) && value.length > 0 && value.every(isMap)
