/** What keeps work from a back-end, in words. */
import type { BackendStatus, BreakerStatus } from '../runtime/contract/dispatcher-api.js'
import { formatSeconds } from '../runtime/contract/units.js'

/** `at`: epoch milliseconds; none when there is nothing wrong. */
export function troubles(
  { healthy, messages = [], breaker }: Pick<BackendStatus, 'healthy' | 'messages' | 'breaker'>,
  at: number,
): string[] {
  return [
    ...(!healthy && messages.length === 0 ? ['it is ill'] : messages),
    ...(breaker && breaker.state !== 'closed' ? [breakerText(breaker, at)] : []),
  ]
}

function breakerText({ state, faults, cause, retryAt = 0 }: BreakerStatus, at: number): string {
  if (state === 'half-open') return 'was ill; one attempt is trying whether it is well again'
  const seconds = Math.max(0, Math.round((retryAt - at) / 1000))
  return `kept away: ${faults} faults in a row${cause ? `, the last one ${cause}` : ''}; tried again in ${formatSeconds(seconds)}`
}
