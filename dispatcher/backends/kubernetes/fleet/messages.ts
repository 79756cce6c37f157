/** What keeps the cluster from taking more work, for people: one sentence per function and reason. Pure. */
import { keyOf, type Member } from './members.js'

export interface Complaints {
  members: readonly Member[]
  /** Words about releases whose workers could not be had, by key. */
  resting: ReadonlyMap<string, string>
  /** Why the cluster itself does not answer. */
  trouble?: string
}

export function messages({ members, resting, trouble }: Complaints): string[] {
  const counts = new Map<string, number>()
  const spoken = new Set<string>()
  for (const member of members) {
    const why = whyOf(member)
    if (why === undefined) continue
    const text = `${member.release.function}: ${why}`
    counts.set(text, (counts.get(text) ?? 0) + 1)
    spoken.add(keyOf(member.release))
  }
  const silent = [...resting].filter(([key]) => !spoken.has(key))
  return [
    ...(trouble === undefined ? [] : [`the cluster does not answer: ${trouble}`]),
    ...[...counts].map(([text, count]) => (count === 1 ? text : `${text} (${count} workers)`)),
    ...silent.map(([key, words]) => `${key.split(' ')[0]}: no worker can be had: ${words}`),
  ]
}

/** Undefined for one that is up, or that is on its way without a word against it. */
function whyOf({ pod, words, state }: Member): string | undefined {
  if (state === 'up') return undefined
  if (!pod) return words && `a worker gets no pod: ${words}`
  if (pod.phase === 'unscheduled') return pod.words && `a worker finds no place: ${pod.words}`
  const trouble = pod.phase === 'starting' ? (pod.trouble?.words ?? words) : undefined
  return trouble && `a worker cannot start: ${trouble}`
}
