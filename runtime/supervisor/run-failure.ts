/** What the end of a script means, when it is not success. */
import { failed, type Failed } from '../contract/outcome.js'
import type { RunEnd } from './run-script.js'

/** Undefined for exit code 0. */
export function runFailure(end: RunEnd, wasShortOfMemory: boolean): Failed | undefined {
  if (end.exitCode === 0) return undefined
  const { exitCode, signal, notStarted, failure } = end
  const ending = { ...(exitCode === undefined ? {} : { exitCode }), ...(signal ? { signal } : {}) }
  if (notStarted !== undefined)
    return failed({ cause: 'script-exit', message: `the script could not be started: ${notStarted}`, ...ending })
  const how = signal ? `was ended by ${signal}` : `ended with exit code ${exitCode}`
  if (wasShortOfMemory)
    return failed({
      cause: 'out-of-memory',
      message: `the script ${how} for lack of memory; set a larger memorySize`,
      ...ending,
    })
  return failed({ cause: 'script-exit', message: failure ?? `the script ${how}; its log says more`, ...ending })
}
