/** Sends a file by a presigned request, in pieces where the store wants it so. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { OutputGrant } from '../../runtime/contract/grant.js'
import { putContent, type Content, type HttpAnswer } from '../http.js'

/** Times that one request is made. */
const TRIES = 3

/**
 * `unreachable`: nobody answers at the address, which may be one that only the dispatcher knows. What the store refuses is
 * thrown.
 */
export async function putByGrant(
  grant: Omit<OutputGrant, 'method'>,
  content: Content,
): Promise<'sent' | 'unreachable'> {
  const { url, headers, ca, parts = [{ url, size: content.size }] } = grant
  let start = 0
  for (const part of parts) {
    const stretch = { start, size: part.size }
    const call = { method: 'PUT', url: part.url, ...(headers ? { headers } : {}), ...(ca ? { ca } : {}) }
    const answer = await persistently(() => putContent(call, { size: part.size, open: () => content.open(stretch) }))
    if (answer === undefined) return 'unreachable'
    refuseFailure(answer, part.url)
    start += part.size
  }
  return 'sent'
}

/** Undefined when no answer ever came. */
async function persistently(send: () => Promise<HttpAnswer>): Promise<HttpAnswer | undefined> {
  let answer: HttpAnswer | undefined
  for (let attempt = 0; attempt < TRIES; attempt++) {
    answer = await send().catch(() => undefined)
    if (answer && answer.status < 500) return answer
  }
  return answer
}

function refuseFailure({ status, body }: HttpAnswer, url: string): void {
  if (status >= 200 && status < 300) return
  const said = body.subarray(0, 300).toString('utf8')
  throw new SpillwayError('storage-refused', `${new URL(url).host} answered ${status} to the upload: ${said}`)
}
