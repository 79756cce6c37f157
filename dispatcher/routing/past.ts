/** What has become of a piece of work so far, as far as the router asks. Pure. */
import type { InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import { isPublic } from '../../runtime/contract/function-spec.js'
import type { PastFailure, Work } from '../router/situation.js'

export type Past = Required<Pick<Work, 'failures' | 'moved'>>

export function pastOf({ tries }: Pick<InvocationRecord, 'tries'>): Past {
  const failures = tries.flatMap(({ backend, cause, endedAt }): PastFailure[] =>
    cause ? [{ backend, cause, ...(endedAt === undefined ? {} : { at: endedAt }) }] : [],
  )
  return { failures, moved: tries.some(({ backend }) => isPublic(backend)) }
}
