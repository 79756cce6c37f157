/** Runs all, so many at once; after a failure no further one is started, and those under way are waited for. */
export async function inTurn(tasks: readonly (() => Promise<void>)[], atOnce: number): Promise<void> {
  const queue = tasks.values()
  let hasFailed = false
  const lane = async () => {
    for (const task of queue) {
      if (hasFailed) return
      await task().catch((error: unknown) => {
        hasFailed = true
        throw error
      })
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: atOnce }, lane))
  for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason
}
