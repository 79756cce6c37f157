/** What comes in: decided about, recorded, and entered into the books once. */
import assert from 'node:assert/strict'
import type { Database, NewInvocation } from '../../../dispatcher/database/database.js'
import { Intake } from '../../../dispatcher/intake/intake.js'
import type { BriefDecision } from '../../../runtime/contract/decision.js'
import type { ObjectEvent } from '../../../runtime/contract/object-event.js'
import { readFunctionSpec } from '../../../runtime/contract/read-function-spec.js'
import type { Release } from '../../../runtime/contract/release.js'

const spec = readFunctionSpec({ script: 'a.sh' }, { path: 'f', storages: [], backends: ['local'] }).value!
const RELEASE: Release = { function: 'f', number: 1, spec, packageDigest: 'd', createdAt: 0 }
const AT_HOME: BriefDecision = {
  eligible: ['local'],
  spillAt: null,
  reasons: ['run'],
  terms: { rule: 'only-backend', expectedRun: { seconds: 1, upper: 2, samples: 0, basis: 'timeout' } },
}
const NOWHERE_REASON = { code: 'fits-nowhere', text: 'no back-end can run this work' }
const NOWHERE: BriefDecision = {
  eligible: [],
  spillAt: null,
  reasons: [NOWHERE_REASON],
  terms: { rule: 'fits-nowhere' },
}
const REQUEST = { function: 'f', body: Buffer.from('x'), contentType: 'text/plain' }
const event = (key: string): ObjectEvent => ({ storage: 'here', bucket: 'in', key, size: 1, etag: 'e', time: 'now' })

describe('intake', () => {
  let recorded: Set<string | null>
  let books: string[]
  let intake: Intake
  let decision: BriefDecision

  beforeEach(() => {
    recorded = new Set()
    books = []
    decision = AT_HOME
    const keys = new Map<string, string>()
    const accept = async (work: NewInvocation[]) =>
      work.map(({ id, identity }) => {
        const duplicate = recorded.has(identity)
        recorded.add(identity)
        return { id, duplicate, sameBody: true, state: 'queued' as const }
      })
    const known = async (work: readonly Pick<NewInvocation, 'identity'>[]) =>
      work.map(({ identity }) => recorded.has(identity))
    intake = new Intake({
      database: { accept, known } as Partial<Database> as Database,
      current: () => RELEASE,
      takers: () => [RELEASE],
      routing: {
        arrive: (id, { input }) => {
          keys.set(id, input.kind === 'object' ? input.event.key : '')
          books.push(`arrived ${keys.get(id)}`)
          return decision
        },
        committed: ({ id }) => void books.push(`committed ${keys.get(id)}`),
        cancelled: (id) => void books.push(`cancelled ${keys.get(id)}`),
      },
      now: () => 0,
      onAccepted: () => undefined,
      asListed: async (one) => one,
    })
  })

  it('takes what came twice out of the books again', async () => {
    await intake.offer([event('a')])
    await intake.offer([event('a')])
    assert.deepEqual(books, ['arrived a', 'committed a', 'arrived a', 'cancelled a'])
  })

  it('answers in short where work goes, and at length only why it goes nowhere', async () => {
    assert.deepEqual((await intake.request(REQUEST)).decision, {
      eligible: ['local'],
      spillAt: null,
      rule: 'only-backend',
    })
    decision = NOWHERE
    assert.deepEqual((await intake.request({ ...REQUEST, key: 'k' })).decision, {
      eligible: [],
      spillAt: null,
      rule: 'fits-nowhere',
      reasons: [NOWHERE_REASON],
    })
  })

  it('does not even enter what a listing finds that is on record', async () => {
    await intake.offer([event('a')])
    await intake.offerListed([event('a'), event('b')])
    await intake.offerListed([event('a'), event('b')])
    assert.deepEqual(books, ['arrived a', 'committed a', 'arrived b', 'committed b'])
  })
})
