/** What a dispatcher does when the disk under its database refuses, and when it takes writes again. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import type { Accepted } from '../../runtime/contract/dispatcher-api.js'
import type { ProblemDocument } from '../../runtime/contract/errors.js'
import type { DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'

export interface BadDisk {
  dispatcher: DispatcherProcess
  /** Lets the disk refuse, at once or when it is full. */
  harm: () => void
  /** Lets it take writes again. */
  cure: () => void | Promise<void>
}

const BODY = Buffer.alloc(200_000, 'x')
const REQUESTS_MAX = 2000
const BEFORE_HARM = 5

/** Sends requests until one is refused, cures the disk, and checks that everything that was acknowledged comes to its end. */
export async function survivesBadDisk({ dispatcher, harm, cure }: BadDisk): Promise<void> {
  await dispatcher.put('s-dev-f', '#!/bin/sh\nwc -c < "$INPUT_FILE_PATH"\n', { input: 'here://in/', concurrency: 1 })
  const ids: string[] = []
  const refusal = await untilRefused(dispatcher, ids, harm)
  assert.deepEqual([refusal.status, refusal.code], [503, 'database-unavailable'])
  assert.match(refusal.detail, /takes no writes .*Nothing of this call was recorded; send it again later/)
  assert.equal((await dispatcher.call('GET', '/healthz')).status, 200)
  assert.equal((await dispatcher.call('GET', `/v1/invocations/${ids[0]}`)).status, 200)
  writeFileSync(dispatcher.path('in', 'meanwhile'), 'x')
  await cure()
  await eventually(async () => (await dispatcher.call('GET', '/readyz')).status === 200, { timeoutMs: 15_000 })
  ids.push((await dispatcher.invoke('s-dev-f', 'again')).id)
  const ended = await dispatcher.allEnded(ids.length + 1, 45_000)
  assert.deepEqual(new Set(ended.map(({ state }) => state)), new Set(['succeeded']))
  assert.deepEqual(
    ids.filter((id) => !ended.some((other) => other.id === id)),
    [],
  )
}

async function untilRefused(dispatcher: DispatcherProcess, ids: string[], harm: () => void): Promise<ProblemDocument> {
  for (let sent = 0; sent < REQUESTS_MAX; sent++) {
    if (sent === BEFORE_HARM) harm()
    const answer = await dispatcher.call<Accepted & ProblemDocument>('POST', '/v1/functions/s-dev-f/invocations', BODY)
    if (answer.status !== 202) return answer.body
    ids.push(answer.body.id)
  }
  throw new Error(`${REQUESTS_MAX} requests were taken`)
}
