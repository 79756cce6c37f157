import assert from 'node:assert/strict'
import type { Loss } from '../../../dispatcher/backends/backend.js'
import type { RunningAttempt } from '../../../dispatcher/database/database.js'
import { takeBackLost } from '../../../dispatcher/outcomes/take-back-lost.js'
import type { Failed } from '../../../runtime/contract/outcome.js'

describe('attempts whose workers are silent', () => {
  const attempt = (worker: string, backend: 'kubernetes' | 'local' = 'kubernetes') =>
    ({ invocation: `of ${worker}`, attempt: 1, worker, backend }) as RunningAttempt

  /** `looks`: what is silent at the first look, and at the second. */
  async function takenBack(looks: RunningAttempt[][], losses: Record<string, Loss> = {}) {
    const taken: [string, Failed['cause'], string][] = []
    const told: string[] = []
    await takeBackLost({
      database: { runningAttempts: () => Promise.resolve(looks.shift() ?? []) },
      backends: [
        {
          limits: { name: 'kubernetes', public: false },
          lossOf: (worker) => Promise.resolve(losses[worker]),
          silent: (worker) => void told.push(`silent ${worker}`),
        },
        { limits: { name: 'local', public: false }, silent: (worker) => void told.push(`silent ${worker}`) },
      ],
      calls: { cancelled: () => undefined },
      changes: { notify: (topic) => void told.push(topic) },
      settle: {
        fail: ({ invocation }, { cause, message }) => {
          taken.push([invocation, cause, message])
          return Promise.resolve('held')
        },
      },
      leaseMs: 30_000,
      now: () => 0,
    })
    return { taken, told }
  }

  it('are lost, and their back-ends are told', async () => {
    const all = [attempt('w1'), attempt('w2', 'local')]
    const { taken, told } = await takenBack([all, all])
    assert.deepEqual(taken, [
      ['of w1', 'worker-lost', 'no sign of worker w1 for 30 s'],
      ['of w2', 'worker-lost', 'no sign of worker w2 for 30 s'],
    ])
    assert.deepEqual(told, ['silent w1', 'silent kubernetes w1', 'silent w2', 'silent local w2'])
  })

  it('are given back with the cause that the back-end knows', async () => {
    const all = [attempt('w1')]
    const { taken } = await takenBack([all, all], { w1: { cause: 'evicted', why: 'its node is not ready' } })
    assert.deepEqual(taken, [['of w1', 'evicted', 'no sign of worker w1 for 30 s: its node is not ready']])
  })

  it('go on when they are heard of while somebody asks', async () => {
    const { taken, told } = await takenBack([[attempt('w1')], [attempt('w2')]])
    assert.deepEqual([taken, told], [[], []])
  })
})
