/** Hard limits, by examples: who cannot run it, with both numbers. */
import assert from 'node:assert/strict'
import { misfits } from '../../../dispatcher/router/fit.js'
import { declaredRunTime, learnedRunTime } from '../../../dispatcher/router/run-time.js'
import { RunTimes } from '../../../dispatcher/router/run-times.js'
import { LAMBDA, workWith } from '../../support/crossroads.js'

const MEBIBYTE = 1024 ** 2
const onLambda = (raw: Record<string, unknown>, inputBytes = 0) =>
  misfits(workWith(raw).spec, inputBytes, LAMBDA).map(({ text }) => text)

describe('hard limits', () => {
  it('of Lambda are met by 900 s, 10,240 MB of memory and of /tmp', () => {
    const most = { timeout: 900, memorySize: 10_240, ephemeralStorageSize: 10_240 }
    assert.deepEqual(onLambda(most, 10_240 * MEBIBYTE), [])
  })

  it('are told with both numbers, all at once', () => {
    assert.deepEqual(onLambda({ timeout: 1200, memorySize: 10_241, ephemeralStorageSize: 10_241, gpu: 1 }, 11.2e9), [
      'lambda: memorySize 10,241 MB is over 10,240 MB',
      'lambda: ephemeralStorageSize 10,241 MB is over 10,240 MB',
      'lambda: gpu 1 is over 0',
      'lambda: timeout 20 min is over 15 min',
      'lambda: input of 11.2 GB is over ephemeralStorageSize 10,241 MB',
    ])
  })
})

describe('a timeout over what a back-end allows', () => {
  const long = { timeout: 1200 }
  const { spec } = workWith(long)
  const told = (run: Parameters<typeof misfits>[3]) => misfits(spec, 0, LAMBDA, run).map(({ text }) => text)
  const learned = (count: number, seconds: (index: number) => number) => {
    const times = new RunTimes()
    for (let index = 0; index < count; index++) times.add(seconds(index))
    return learnedRunTime(times, 1200)
  }

  it('keeps it from there while nothing is known', () => {
    assert.deepEqual(told(declaredRunTime({ timeout: 1200 })), ['lambda: timeout 20 min is over 15 min'])
  })

  it('does not, once 95 of 100 runs are known to end in nine tenths of the time there', () => {
    assert.deepEqual(told(learned(60, () => 600)), [])
  })

  it('keeps it from there when more than 5 of 100 runs take longer', () => {
    const [text] = told(learned(60, (index) => (index % 10 === 0 ? 1000 : 60)))
    assert.match(text!, /timeout 20 min is over 15 min, and 5 of 100 runs take over 16 min 40 s/)
  })

  it('keeps it from there while the runs are too few to tell', () => {
    const [text] = told(learned(10, () => 60))
    assert.match(text!, /timeout 20 min is over 15 min, and 10 ended runs are too few to tell that it ends in time/)
  })

  it('goes by the hint until then', () => {
    assert.deepEqual(told(declaredRunTime({ timeout: 1200, hint: 600 })), [])
    const [text] = told(declaredRunTime({ timeout: 1200, hint: 850 }))
    assert.match(text!, /and so is expectedTime 14 min 10 s, or close to it/)
  })
})
