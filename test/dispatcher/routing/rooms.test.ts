/** A burst that neither side can hold: nobody is told that it goes over at once when there is no room for it there. */
import assert from 'node:assert/strict'
import { BackendsAtHand } from '../../../dispatcher/wiring/backends-at-hand.js'
import type { WorkerBackend } from '../../../dispatcher/backends/backend.js'
import type { CallBackend } from '../../../dispatcher/backends/call-backend.js'
import type { Database } from '../../../dispatcher/database/database.js'
import { Routing } from '../../../dispatcher/routing/routing.js'
import type { Decision } from '../../../runtime/contract/decision.js'
import { inWords } from '../../../runtime/contract/decision-words.js'
import type { Release } from '../../../runtime/contract/release.js'
import { functionSpec, objectWork, T0 } from '../../support/database-work.js'

const capacity = (slots: number) => () => ({ slots, bootSeconds: 0, starting: [] })

function routingWith(fill: (backends: BackendsAtHand) => void): Routing {
  const backends = new BackendsAtHand()
  const home = { limits: { name: 'kubernetes', public: false }, capacity: capacity(2) }
  backends.workers.push(home as unknown as WorkerBackend)
  fill(backends)
  const context = { backends, database: {} as Database, release: async () => release }
  const routing = new Routing({ ...context, idle: () => 0, dispatchers: () => 1, now: () => T0 })
  routing.look()
  return routing
}

const spec = functionSpec({ image: 'busybox', cpu: 1, routing: { expectedTime: 60 } })
const release: Release = { function: 'f', number: 1, spec, packageDigest: '', createdAt: 0 }

function burst(routing: Routing, count: number): Decision[] {
  return Array.from({ length: count }, (_, index) => {
    const { id, input } = objectWork('f', `k${index}`)
    return inWords(routing.arrive(id, { release, input }))
  })
}
const of = (decisions: Decision[], rule: string) => decisions.filter(({ terms }) => terms?.rule === rule)

describe('a burst of 1000 on two slots', () => {
  it('sends over at once what a Lambda that takes ten takes, and tells the others that it is full', () => {
    const lambda = { limits: { name: 'lambda', public: true }, room: () => 10 }
    const decisions = burst(
      routingWith(({ called }) => called.push(lambda as unknown as CallBackend)),
      1000,
    )
    assert.equal(of(decisions, 'expected-wait').length, 10)
    const full = of(decisions, 'no-room')
    assert.equal(full.length, 1000 - 10 - of(decisions, 'waiting-budget').length)
    const last = decisions.at(-1)!
    assert.equal(last.terms?.rule, 'no-room')
    assert.ok(last.terms.expectedWait!.seconds! > 3600, 'it is told of hours, not of seconds')
    assert.ok(last.reasons.some(({ text }) => text.startsWith('lambda: takes no more for now')))
  })

  it('knows the slots of a public back-end with workers, and what runs there', () => {
    const rehearsal = { limits: { name: 'rehearsal', public: true }, capacity: capacity(3) }
    const routing = routingWith(({ workers }) => workers.push(rehearsal as unknown as WorkerBackend))
    routing.started({ ...objectWork('f', 'r'), invocation: 'r', attempt: 1, release, backend: 'rehearsal' })
    assert.equal(of(burst(routing, 100), 'expected-wait').length, 2)
  })
})
