/** Releases and pieces of work to put into a database under test. */
import assert from 'node:assert/strict'
import { v7 } from 'uuid'
import type { NewInvocation, NewRelease, Settlement } from '../../dispatcher/database/database.js'
import type { Decision } from '../../runtime/contract/decision.js'
import type { FunctionSpec } from '../../runtime/contract/function-spec.js'
import { eventIdentity } from '../../runtime/contract/object-event.js'
import { failed, type Cause, type Succeeded } from '../../runtime/contract/outcome.js'
import { readFunctionSpec } from '../../runtime/contract/read-function-spec.js'

export const T0 = Date.UTC(2026, 0, 1)

export const DECISION: Decision = {
  eligible: ['local'],
  spillAt: null,
  reasons: [{ code: 'fits', backend: 'local', text: 'local: fits' }],
}

export function functionSpec(changes: Record<string, unknown> = {}): FunctionSpec {
  const reading = readFunctionSpec(
    { script: 'run.sh', ...changes },
    { path: 'functions.f', storages: ['here'], backends: ['local'] },
  )
  assert.ok(reading.value, JSON.stringify(reading.problems))
  return reading.value
}

export const newRelease = (name: string, changes: Partial<NewRelease> = {}): NewRelease => ({
  function: name,
  spec: functionSpec(),
  package: Buffer.from('package'),
  packageDigest: 'digest-of-package',
  now: T0,
  ...changes,
})

/** Work on an object; the same key is the same event. */
export function objectWork(name: string, key: string, changes: Partial<NewInvocation> = {}): NewInvocation {
  const event = { storage: 'here', bucket: 'in', key, size: 5, etag: 'e', time: new Date(T0).toISOString() }
  return {
    id: v7(),
    function: name,
    release: 1,
    identity: eventIdentity(event),
    input: { kind: 'object', event },
    decision: DECISION,
    now: T0,
    ...changes,
  }
}

/** A request; null = without an idempotency key. */
export const requestWork = (name: string, key: string | null, body: Buffer, now = T0): NewInvocation => ({
  id: v7(),
  function: name,
  release: 1,
  identity: key,
  input: { kind: 'request', size: body.length, contentType: 'text/plain', time: new Date(now).toISOString() },
  body,
  decision: DECISION,
  now,
})

export const SUCCEEDED: Succeeded = {
  outcome: 'succeeded',
  outputs: ['a.txt'],
  exitCode: 0,
  times: { stageInMs: 1, runMs: 2, stageOutMs: 3 },
}

type Ending = Pick<Settlement, 'invocation' | 'attempt'> & Partial<Settlement>

export const success = (ending: Ending): Settlement => ({
  outcome: SUCCEEDED,
  to: 'succeeded',
  outputs: [{ storage: 'here', bucket: 'out', key: 'a.txt', size: 3 }],
  now: T0,
  ...ending,
})

export const failure = (cause: Cause, ending: Ending): Settlement => ({
  outcome: failed({ cause, message: `it was ${cause}`, exitCode: 7 }),
  to: 'failed',
  outputs: [],
  now: T0,
  ...ending,
})
