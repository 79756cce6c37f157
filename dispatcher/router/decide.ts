/** Where a piece of work may run, from when it may spill over, and why. Pure. */
import type { Decision, Reason } from '../../runtime/contract/decision.js'
import type { FunctionSpec } from '../../runtime/contract/function-spec.js'
import type { BackendLimits } from '../backends/backend.js'
import { misfits } from './fit.js'

export interface Work {
  spec: FunctionSpec
  /** bytes */
  inputBytes: number
}

export function decide({ spec, inputBytes }: Work, backends: readonly BackendLimits[]): Decision {
  const listed = backends.filter(({ name }) => spec.backends?.includes(name) ?? true)
  const refusals = listed.map((limits) => misfits(spec, inputBytes, limits))
  const eligible = listed.filter((_, index) => refusals[index]!.length === 0)
  return {
    eligible: eligible.map(({ name }) => name),
    spillAt: null,
    reasons: [...unlisted(spec, backends), ...refusals.flat(), conclusion(eligible)],
  }
}

function unlisted(spec: FunctionSpec, backends: readonly BackendLimits[]): Reason[] {
  return backends
    .filter(({ name }) => spec.backends && !spec.backends.includes(name))
    .map(({ name }) => ({
      code: 'not-listed',
      backend: name,
      text: `${name}: the function does not list it under backends`,
    }))
}

function conclusion(eligible: readonly BackendLimits[]): Reason {
  const [first, ...others] = eligible
  if (!first) return { code: 'fits-nowhere', text: 'no back-end can run this work' }
  if (others.length === 0)
    return {
      code: 'only-backend',
      backend: first.name,
      text: `${first.name}: the only back-end that can run it; it waits there for a free slot`,
    }
  return { code: 'fits', text: `fits ${eligible.map(({ name }) => name).join(', ')}` }
}
