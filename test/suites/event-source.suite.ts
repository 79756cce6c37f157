/** What holds of every way in which the dispatcher hears of new objects: each is recorded once, whatever happens to the news. */
import assert from 'node:assert/strict'
import type { InvocationList } from '../../runtime/contract/dispatcher-api.js'
import { eventually } from '../support/eventually.js'

export interface EventSource {
  /** Of the dispatcher, which has a function that takes all objects of the source, and may be slow to run it. */
  url: string
  /** Creates objects, or replaces them, all at once; whoever tells the dispatcher tells it. */
  create(keys: readonly string[], content?: string): Promise<void>
  /** Tells once more of everything that was told, in the reverse order, and each twice. Absent where nobody sends anything. */
  repeat?(): Promise<void>
  /** Sends what nobody can read. */
  garble?(): Promise<void>
  /** Creates objects of which nobody tells. */
  hide(keys: readonly string[]): Promise<void>
  /** Has the storage listed. */
  find(): Promise<void>
  close(): Promise<void>
}

export interface EventSourceOptions {
  /** Objects that are created at once. */
  burst: number
  open(): Promise<EventSource>
}

const keysOf = (count: number, name: string) => Array.from({ length: count }, (_, index) => `${name}-${index}`)

const TIMEOUT_MS = 120_000

export function eventSourceSuite(name: string, { burst, open }: EventSourceOptions): void {
  describe(`Event source: ${name}`, function () {
    this.timeout(2 * TIMEOUT_MS)
    let source: EventSource

    beforeEach(async () => {
      source = await open()
    })
    afterEach(() => source.close())

    /** As many of each key as there are invocations for it. */
    async function recorded(): Promise<Map<string, number>> {
      const counts = new Map<string, number>()
      let cursor: string | undefined = ''
      while (cursor !== undefined) {
        const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
        const answer = await fetch(`${source.url}/v1/invocations?limit=1000${query}`)
        const page = (await answer.json()) as InvocationList
        for (const { input } of page.invocations)
          if (input.kind === 'object') counts.set(input.event.key, (counts.get(input.event.key) ?? 0) + 1)
        cursor = page.cursor
      }
      return counts
    }

    const arrived = (count: number) =>
      eventually(async () => total(await recorded()) >= count, {
        timeoutMs: TIMEOUT_MS,
        everyMs: 100,
        what: `${count} invocations`,
      })
    const exactly = async (keys: readonly string[], times: number) =>
      assert.deepEqual(await recorded(), new Map(keys.map((key) => [key, times])))

    it(`records a burst of ${burst} objects, each once, and once more when it is listed`, async () => {
      const keys = keysOf(burst, 'burst')
      await source.create(keys)
      await arrived(burst)
      await source.find()
      await exactly(keys, 1)
    })

    it('records an object again that is replaced, and nothing that is told late, twice, or in another order', async () => {
      const keys = keysOf(50, 'replaced')
      await source.create(keys, 'first')
      await arrived(50)
      await source.create(keys, 'the second')
      await arrived(100)
      await source.repeat?.()
      await source.find()
      await exactly(keys, 2)
    })

    it('finds objects of which nobody told, once', async () => {
      const [told, hidden] = [keysOf(20, 'told'), keysOf(20, 'hidden')]
      await source.hide(hidden)
      await source.create(told)
      await eventually(async () => (await source.find(), total(await recorded()) >= 40), { timeoutMs: TIMEOUT_MS })
      await source.find()
      await exactly([...told, ...hidden], 1)
    })

    it('lets nothing that cannot be read keep the rest from being recorded', async () => {
      const keys = keysOf(20, 'clear')
      await source.garble?.()
      await source.create(keys)
      await source.garble?.()
      await arrived(20)
      await exactly(keys, 1)
    })
  })
}

const total = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((sum, count) => sum + count, 0)
