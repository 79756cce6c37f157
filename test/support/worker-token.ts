/** Tokens as a dispatcher under test gives them to its workers: for tests that play a worker, also a hostile one. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { WorkerClaims } from '../../runtime/contract/runtime-api.js'
import { signWorkerToken } from '../../dispatcher/workers/worker-token.js'

export function workerHeaders(directory: string, claims: Partial<WorkerClaims> = {}): Record<string, string> {
  const secret = Buffer.from(readFileSync(join(directory, 'state', 'worker-secret'), 'utf8'))
  const usual = {
    function: 's-dev-f',
    release: 1,
    backend: 'local',
    worker: 'w',
    sharesDisk: true,
    expiresAt: Date.now() + 60_000,
  } as const
  return { authorization: `Bearer ${signWorkerToken({ ...usual, ...claims }, secret)}` }
}
