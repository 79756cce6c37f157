import assert from 'node:assert/strict'
import { warningsOf } from '../../../dispatcher/releases/functions.js'
import { KUBERNETES, LAMBDA, workWith } from '../../support/crossroads.js'

const check = () => ({ notes: [] })
const BACKENDS = [
  { limits: KUBERNETES, check },
  { limits: LAMBDA, check },
]
const warnings = (raw: Record<string, unknown>) => warningsOf(workWith(raw).spec, BACKENDS)

describe('a function that lists a back-end', () => {
  const backends = ['kubernetes', 'lambda']

  it('that can never run it is warned of that, with both numbers', () => {
    assert.deepEqual(warnings({ backends, memorySize: 20_480 }), [
      'lambda: listed, but it can never run this function: memorySize 20,480 MB is over 10,240 MB',
    ])
  })

  it('that refuses it for reasons of its own is told those', () => {
    const { spec } = workWith({ backends })
    const refusing = { limits: LAMBDA, check: () => ({ refusal: 'it has no image', notes: [] }) }
    assert.deepEqual(warningsOf(spec, [refusing]), [
      'lambda: listed, but it can never run this function: it has no image',
    ])
  })

  it('that may run it once its run times are known is not', () => {
    assert.deepEqual(warnings({ backends, timeout: 1200 }), [])
  })

  it('is not warned of those that it does not list', () => {
    assert.deepEqual(warnings({ memorySize: 20_480 }), [])
  })
})
