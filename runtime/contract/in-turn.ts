/** Works through a list, so many items at once. After a fault no further one is begun; the first is thrown when nothing is under way any more. */
export async function inTurn<T>(items: Iterable<T>, atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]()
  const faults: unknown[] = []
  const lane = async () => {
    for (let next = left.next(); !next.done && faults.length === 0; next = left.next())
      await work(next.value).catch((fault: unknown) => faults.push(fault))
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  if (faults.length > 0) throw faults[0]
}
