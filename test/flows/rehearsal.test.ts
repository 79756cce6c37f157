/** Work that spills over on one machine: the local back-end as the small cluster, its rehearsal of Lambda beside it. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import type { BackendStatus, InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import { dispatchers, type DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const FUNCTION = 's-dev-f'
const SCRIPT = '#!/bin/sh\nsleep 0.5; echo "$SPILLWAY_BACKEND"\n'
const containers = 'off'

/** USD of a GB-second and of a run: https://aws.amazon.com/lambda/pricing/ */
const GB_SECOND = 1.66667e-5
const RUN = 0.2e-6

describe('a rehearsal of Lambda on this machine', function () {
  this.timeout(60_000)
  const start = dispatchers(temporaryDirectory())
  const both = { local: { slots: 1, containers }, rehearsal: { slots: 4, containers } }

  const records = async (dispatcher: DispatcherProcess, count: number): Promise<InvocationRecord[]> =>
    Promise.all((await dispatcher.allEnded(count)).map(({ id }) => dispatcher.invocation(id)))

  it('takes what has waited long enough at home, at the price of Lambda; the rest costs nothing', async () => {
    const dispatcher = await start({ config: { backends: both } })
    const routing = { waitingBudget: { min: 1, max: 1, forecast: false } }
    await dispatcher.put(FUNCTION, SCRIPT, { memorySize: 2048, routing })
    await Promise.all(Array.from({ length: 8 }, () => dispatcher.invoke(FUNCTION)))
    const ended = await records(dispatcher, 8)
    const spilled = ended.filter(({ tries }) => tries[0]!.backend === 'rehearsal')
    assert.ok(spilled.length >= 3 && spilled.length < 8, `${spilled.length} went over`)
    for (const { tries, result, acceptedAt } of ended) {
      const { backend, cost, startedAt, endedAt } = tries[0]!
      assert.equal(result?.body, `${backend}\n`)
      if (backend === 'local') assert.equal(cost, undefined)
      else {
        assert.ok(startedAt - acceptedAt >= 1000)
        const most = RUN + 2 * GB_SECOND * ((endedAt! - startedAt) / 1000)
        assert.ok(cost! > RUN + 2 * GB_SECOND * 0.5 && cost! <= most, `${cost} USD`)
      }
    }
    const { backends } = (await dispatcher.call<{ backends: BackendStatus[] }>('GET', '/v1/backends')).body
    assert.deepEqual(
      backends.map(({ name, public: isPublic, slots }) => [name, isPublic, slots]),
      [
        ['local', false, 1],
        ['rehearsal', true, 4],
      ],
    )
  })

  it('is paid for what was cancelled there, for the time until then', async () => {
    const dispatcher = await start({ config: { backends: both } })
    await dispatcher.put(FUNCTION, '#!/bin/sh\nsleep 60\n', { memorySize: 2048, backends: ['rehearsal'] })
    const { id } = await dispatcher.invoke(FUNCTION)
    await eventually(async () => (await dispatcher.invocation(id)).state === 'running')
    await dispatcher.call('POST', `/v1/invocations/${id}/cancel`)
    const { startedAt, endedAt, cost } = await eventually(
      async () => {
        const [attempt] = (await dispatcher.invocation(id)).tries
        return attempt?.cost !== undefined && attempt
      },
      { timeoutMs: 20_000, what: 'its cost' },
    )
    const expected = RUN + 2 * GB_SECOND * ((endedAt! - startedAt) / 1000)
    assert.ok(Math.abs(cost! - expected) < 1e-9, `${cost} USD, expected ${expected}`)
  })

  it('leaves to free workers at home what need not go', async () => {
    const dispatcher = await start({ config: { backends: both } })
    await dispatcher.put(FUNCTION, SCRIPT, { routing: { waitingBudget: 30 } })
    for (let count = 0; count < 3; count++) await dispatcher.invokeAndWait(FUNCTION)
    const ended = await records(dispatcher, 3)
    assert.deepEqual(
      ended.map(({ tries }) => tries.map(({ backend }) => backend)),
      [['local'], ['local'], ['local']],
    )
  })

  it('has the limits of Lambda, and goes by what a function says for Lambda', async () => {
    const dispatcher = await start({ config: { backends: both } })
    const lambda = { environment: { PLACE: 'away' }, memorySize: 10_241 }
    await dispatcher.put(FUNCTION, SCRIPT, { lambda, timeout: 1200 })
    const { decision } = await dispatcher.invokeAndWait(FUNCTION)
    assert.deepEqual(decision.eligible, ['local'])
    const texts = decision.reasons.map(({ text }) => text)
    assert.ok(texts.includes('rehearsal: memorySize 10,241 MB is over 10,240 MB'), texts.join('\n'))
    assert.ok(texts.includes('rehearsal: timeout 20 min is over 15 min'), texts.join('\n'))
  })

  it('does not take for waiting work what a listing finds again, so that new work finds the free slot', async () => {
    const rules = { input: 'here://in/', routing: { expectedTime: 1, waitingBudget: { factor: 1 } } }
    const first = await start({ config: { backends: both } })
    await first.put(FUNCTION, '#!/bin/sh\n', rules)
    for (let count = 0; count < 20; count++) writeFileSync(first.path('in', `f${count}`), '')
    await first.allEnded(20)
    await first.stop()
    writeFileSync(first.path('in', 'z'), '')
    const second = await start({ config: { backends: both } })
    const ended = await records(second, 21)
    const last = ended.find(({ input }) => input.kind === 'object' && input.event.key === 'z')!
    assert.deepEqual([last.decision.terms?.rule, last.tries[0]?.backend], ['waiting-budget', 'local'])
    const { body: metrics } = await second.call<string>('GET', '/metrics')
    assert.ok(metrics.includes(`spillway_decisions_total{function="${FUNCTION}",rule="waiting-budget"} 1\n`), metrics)
    assert.ok(!metrics.includes('rule="expected-wait"'), metrics)
  })
})
