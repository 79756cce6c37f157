/** One record -> its line in the live view. Pure. */
import type { InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import { isPublic } from '../../runtime/contract/function-spec.js'
import { inputName } from '../words.js'
import type { WorkView } from './view.js'
import { whyOf, type Place } from './why.js'

export function workView(record: InvocationRecord): WorkView {
  const { id, function: name, state, input, acceptedAt, tries, endedAt } = record
  const last = tries.at(-1)
  const place = placeOf(record)
  const waited = tries[0] && (tries[0].startedAt - acceptedAt) / 1000
  const cost = costOf(record)
  return {
    id,
    function: name,
    state,
    name: inputName(input),
    at: endedAt ?? last?.endedAt ?? last?.startedAt ?? acceptedAt,
    place,
    ...(last ? { backend: last.backend } : {}),
    ...(waited === undefined ? {} : { waited }),
    ...(last?.endedAt === undefined ? {} : { took: (last.endedAt - last.startedAt) / 1000 }),
    ...(cost === undefined ? {} : { cost }),
    why: whyOf(record, { place, waited }),
  }
}

function placeOf({ state, tries }: InvocationRecord): Place {
  const last = tries.at(-1)
  if (!last || state === 'queued') return 'queue'
  return isPublic(last.backend) ? 'public' : 'private'
}

function costOf({ tries }: InvocationRecord): number | undefined {
  const costs = tries.flatMap(({ cost }) => cost ?? [])
  return costs.length === 0 ? undefined : costs.reduce((sum, cost) => sum + cost, 0)
}
