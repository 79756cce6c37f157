import assert from 'node:assert/strict'
import { hear } from '../../../dispatcher/replicas/hear.js'
import {
  dismissedTopic,
  endTopic,
  FUNCTIONS_TOPIC,
  logTopic,
  silentTopic,
  spillTopic,
  upTopic,
  workTopic,
} from '../../../dispatcher/topics.js'

describe('what another dispatcher tells', () => {
  const heard = (topic: string): string[] => {
    const done: string[] = []
    hear(topic, 2, {
      changes: { wake: (name, count) => done.push(`wake ${name} ${count}`) },
      book: { forget: (worker) => void done.push(`forget ${worker}`) },
      calls: { cancelled: (invocation) => void done.push(`cancel ${invocation}`) },
      dispatch: { wake: () => void done.push('round') },
      worker: (backend) => ({
        silent: (worker) => void done.push(`silent ${backend} ${worker}`),
        noteUp: (worker) => void done.push(`up ${backend} ${worker}`),
      }),
      onFunctions: () => void done.push('functions'),
    })
    return done.slice(0, -1)
  }

  it('leads to what is to be done here, and wakes who waits', () => {
    assert.deepEqual(heard(workTopic('f')), ['round'])
    assert.deepEqual(heard(spillTopic('f')), [])
    assert.deepEqual(heard(endTopic('i')), ['cancel i'])
    assert.deepEqual(heard(logTopic('i')), [])
    assert.deepEqual(heard(FUNCTIONS_TOPIC), ['functions'])
    assert.deepEqual(heard(dismissedTopic('w')), ['forget w'])
    assert.deepEqual(heard(silentTopic('kubernetes', 'w')), ['silent kubernetes w'])
    assert.deepEqual(heard(upTopic('kubernetes', 'w')), ['up kubernetes w'])
  })
})
