/** Specs and releases for these tests, as a registered function has them. */
import { readFunctionSpec } from '../../../../runtime/contract/read-function-spec.js'
import type { FunctionSpec } from '../../../../runtime/contract/function-spec.js'
import type { Release } from '../../../../runtime/contract/release.js'

const CONTEXT = { path: 'f', storages: [], backends: ['kubernetes'] as const }

export function specOf(raw: Record<string, unknown> = {}): FunctionSpec {
  const reading = readFunctionSpec({ image: 'r.example.org/work:1', script: 'work.sh', ...raw }, CONTEXT)
  if (!reading.value) throw new Error(JSON.stringify(reading.problems))
  return reading.value
}

export const releaseOf = (raw: Record<string, unknown> = {}, name = 'plants-dev-classify', number = 1): Release => ({
  function: name,
  number,
  spec: specOf(raw),
  packageDigest: 'sha256:0',
  createdAt: 0,
})
