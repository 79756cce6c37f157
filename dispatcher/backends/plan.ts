/** How many workers which release gets. Pure. */

export interface Crew {
  /** Key of the release. */
  key: string
  queued: number
  running: number
  /** Most attempts of the function at once. */
  concurrency: number
  /** Workers that are up, whether they wait, run or start. */
  workers: number
  /** Workers that wait, longest first. */
  idle: string[]
}

export interface Plan {
  /** Keys of releases, one per worker to start. */
  start: string[]
  /** Workers to end: idle ones whose slot another release needs. */
  stop: string[]
}

/** Fills free slots fairly, release by release; takes slots from idle workers only, and only for waiting work. */
export function plan(crews: readonly Crew[], slots: number): Plan {
  const want = new Map(crews.map((crew) => [crew.key, wanted(crew)]))
  let free = slots - crews.reduce((sum, { workers }) => sum + workers, 0)
  const start: string[] = []
  const stop: string[] = []
  const spare = crews.flatMap((crew) => spareIdle(crew))
  for (let progress = true; progress;) {
    progress = false
    for (const { key } of crews) {
      if ((want.get(key) ?? 0) <= 0) continue
      if (free <= 0) {
        const worker = spare.shift()
        if (worker === undefined) return { start, stop }
        stop.push(worker)
      } else free--
      want.set(key, want.get(key)! - 1)
      start.push(key)
      progress = true
    }
  }
  return { start, stop }
}

/** Workers that a release lacks for its ready work. */
function wanted({ queued, running, concurrency, workers }: Crew): number {
  return Math.min(queued + running, concurrency) - workers
}

/** Idle workers that this release's own ready work does not need. */
const spareIdle = ({ idle, queued }: Crew): string[] => idle.slice(0, Math.max(0, idle.length - queued))
