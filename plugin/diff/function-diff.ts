/** What a deploy would do to each function, and how that is said. Pure. */
import type { PartChange } from './compare-function.js'

export type DiffState = 'new' | 'changed' | 'unchanged' | 'removed' | 'unknown'

export interface FunctionDiff {
  name: string
  state: DiffState
  /** Number of the release that is deployed; absent where no dispatcher knows of one. */
  release?: number
  /** Of one that is changed. */
  changes: PartChange[]
  /** Kinds of objects that a new one becomes. */
  objects?: string[]
  /** What it was compared with, where that is not the dispatcher's record. */
  note?: string
}

export const isDifferent = ({ state }: FunctionDiff): boolean => state !== 'unchanged'

export const diffLines = (diff: FunctionDiff): string[] => [headLine(diff), ...diff.changes.map(changeLine)]

function headLine({ name, state, release, objects = [], note }: FunctionDiff): string {
  const facts = [
    WORDS[state],
    ...(release === undefined ? [] : [`release ${release} is deployed`]),
    ...(objects.length > 0 ? [`becomes ${objects.join(', ')}`] : []),
    ...(note === undefined ? [] : [note]),
  ]
  return `${name}: ${facts.join('; ')}`
}

const WORDS: Readonly<Record<DiffState, string>> = {
  new: 'new',
  changed: 'changed',
  unchanged: 'unchanged',
  removed: 'removed',
  unknown: 'not known',
}

function changeLine({ of, path, before, after }: PartChange): string {
  const what = [of, path].filter((word) => word !== '').join(' ')
  if (before === undefined) return `  + ${what}: ${valueText(after, of)}`
  if (after === undefined) return `  - ${what}: ${valueText(before, of)}`
  return `  ~ ${what}: ${valueText(before, of)} -> ${valueText(after, of)}`
}

const LENGTH_MAX = 100

/** What a file is, is said in words. */
function valueText(value: unknown, of: PartChange['of']): string {
  const text = of === 'file' ? String(value) : JSON.stringify(value)
  return text.length <= LENGTH_MAX ? text : `${text.slice(0, LENGTH_MAX)}...`
}
