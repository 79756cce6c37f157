/** Whether a scheduler may put a worker on a node, however much room there is. Pure. */
import type { Node, Taint } from '../cluster/objects.js'

/** https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export interface Toleration {
  key?: unknown
  operator?: unknown
  value?: unknown
  effect?: unknown
}

export interface Wishes {
  /** Names and values of labels that a node must have, all of them. */
  labels: readonly (readonly [string, string])[]
  tolerations: readonly Toleration[]
}

/** Not cordoned, not away. */
export const takesPods = ({ spec, status }: Node): boolean =>
  !spec?.unschedulable && !status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is !== 'True')

export function mayHold({ metadata, spec }: Node, { labels, tolerations }: Wishes): boolean {
  const isWanted = labels.every(([key, value]) => metadata.labels?.[key] === value)
  return isWanted && (spec?.taints ?? []).every((taint) => isHarmless(taint) || isTolerated(taint, tolerations))
}

/** A node that would rather not takes pods nevertheless. */
const isHarmless = ({ effect }: Taint) => effect === 'PreferNoSchedule'

const isTolerated = (taint: Taint, tolerations: readonly Toleration[]): boolean =>
  tolerations.some((toleration) => tolerates(toleration, taint))

function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (isGiven(effect) && effect !== taint.effect) return false
  if (isGiven(key) && key !== taint.key) return false
  if (operator === 'Exists') return true
  return isGiven(key) && (operator ?? 'Equal') === 'Equal' && (value ?? '') === (taint.value ?? '')
}

const isGiven = (word: unknown) => word !== undefined && word !== null && word !== ''
