/** Pages of invocations as one list, and one invocation by what a person calls it. */
import type { InvocationSummary } from '../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../runtime/contract/errors.js'
import type { DispatcherClient, InvocationQuery } from './dispatcher-client.js'
import { shortId } from './words.js'

/** The most that the API gives at once. */
const PAGE = 1000
/** Newest invocations of each function that are searched for a short id. */
const SEARCHED = 1000

/** Newest first; `limit` counts over all pages. */
export async function listInvocations(client: DispatcherClient, query: InvocationQuery): Promise<InvocationSummary[]> {
  const limit = query.limit ?? Number.POSITIVE_INFINITY
  const found: InvocationSummary[] = []
  let cursor: string | undefined
  do {
    const page = await client.invocations({
      ...query,
      limit: Math.min(PAGE, limit - found.length),
      ...(cursor ? { cursor } : {}),
    })
    found.push(...page.invocations)
    cursor = page.cursor
  } while (cursor !== undefined && found.length < limit)
  return found
}

const LISTS = '`serverless spillway invocations` lists what there is'

/** A full id, or its last eight characters as lists and logs show them. */
export async function resolveId(
  client: DispatcherClient,
  word: string,
  functions: readonly { name: string }[],
): Promise<string> {
  if (word.length !== 8) return existing(client, word)
  for (const { name } of functions) {
    const found = (await listInvocations(client, { function: name, limit: SEARCHED })).find(
      ({ id }) => shortId(id) === word,
    )
    if (found) return found.id
  }
  throw new SpillwayError(
    'invocation-not-found',
    `No invocation among the newest ${SEARCHED} of each function of this service ends in ${word}. Give its full id; ${LISTS}.`,
  )
}

/** The API's own message names a path of the API. */
async function existing(client: DispatcherClient, id: string): Promise<string> {
  try {
    return (await client.invocation(id)).id
  } catch (cause) {
    if (!(cause instanceof SpillwayError && cause.code === 'invocation-not-found')) throw cause
    throw new SpillwayError('invocation-not-found', `There is no invocation ${id}; ${LISTS}.`, {}, { cause })
  }
}
