/** Works through a list, a few items at once; results come as they are there. The first fault ends it. */
export async function* inLanes<Item, Result>(
  items: readonly Item[],
  lanes: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const left = items[Symbol.iterator]()
  const running = new Map<number, Promise<{ lane: number; result: Result }>>()
  const occupy = (lane: number) => {
    const next = left.next()
    if (next.done) return void running.delete(lane)
    const ending = work(next.value).then((result) => ({ lane, result }))
    // It may fail while whoever takes the results is still busy with the one before.
    ending.catch(() => undefined)
    running.set(lane, ending)
  }
  for (let lane = 0; lane < lanes; lane++) occupy(lane)
  while (running.size > 0) {
    const { lane, result } = await Promise.race(running.values())
    occupy(lane)
    yield result
  }
}
