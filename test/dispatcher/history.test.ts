import assert from 'node:assert/strict'
import { history, type HistoryContext } from '../../dispatcher/history.js'
import type { EndedInvocation } from '../../dispatcher/database/database.js'
import type { Release } from '../../runtime/contract/release.js'

const T0 = Date.UTC(2026, 7, 1)

/** Ids begin with the time at which they were made. */
const idOf = (time: number, rest: number) => {
  const digits = time.toString(16).padStart(12, '0')
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-${String(rest).padStart(12, '0')}`
}

const ended = (acceptedAt: number, madeAt: number, rest: number): EndedInvocation => ({
  id: idOf(madeAt, rest),
  function: 'f',
  release: 1,
  state: 'succeeded',
  input: { kind: 'request', size: 3, contentType: 'text/plain', time: '' },
  acceptedAt,
  startedAt: acceptedAt + 1,
  endedAt: acceptedAt + 2,
  backend: 'local',
  attempts: 1,
  cost: 0,
})

const contextOf = (all: readonly EndedInvocation[]): HistoryContext => ({
  database: {
    endedInvocations: async (after: string, limit: number) => all.filter(({ id }) => id > after).slice(0, limit),
  } as HistoryContext['database'],
  release: async () => ({ spec: { cpu: 1, memorySize: 1024, timeout: 60 } }) as Release,
})

describe('the history', () => {
  async function idsSince(all: readonly EndedInvocation[], since: number): Promise<string[]> {
    const ids: string[] = []
    for await (const { id } of history(contextOf(all), since)) ids.push(id)
    return ids
  }

  it('begins with what was accepted then, although its id was made a moment before', async () => {
    const all = [ended(T0 - 1, T0 - 3, 1), ended(T0, T0 - 2, 2), ended(T0 + 5, T0 + 4, 3)]
    assert.deepEqual(await idsSince(all, T0), [all[1]!.id, all[2]!.id])
    assert.equal((await idsSince(all, 0)).length, 3)
  })

  it('goes over as many pages as there are', async () => {
    const all = Array.from({ length: 2500 }, (_, index) => ended(T0 + index, T0 + index, index))
    assert.deepEqual(
      await idsSince(all, T0),
      all.map(({ id }) => id),
    )
  })
})
