/**
 * What has passed through is garbage outside of V8's own heap, where V8 lets 64 MB of it pile up. A collection of what is
 * young finds nearly all of it and takes less than a millisecond.
 */
import type * as V8 from 'node:v8'
import type * as Vm from 'node:vm'

/** More than is ever on its way at once: what is young a second time is young no more. */
const SWEPT_EVERY_BYTES = 2 * 1024 ** 2

type Collect = (options: { type: 'minor' }) => void

let passed = 0
let collect: Collect | undefined

/** Call for each piece of a file that comes. */
export function passing(bytes: number): void {
  passed += bytes
  if (passed < SWEPT_EVERY_BYTES) return
  passed = 0
  collect ??= collector()
  collect({ type: 'minor' })
}

/**
 * V8 offers it to contexts that are made after the flag was set. Set on the command line, that flag, like any other of V8,
 * makes Node.js throw away the code that it brings compiled, and each start 10 ms longer.
 */
function collector(): Collect {
  const { setFlagsFromString } = require('node:v8') as typeof V8
  const { runInNewContext } = require('node:vm') as typeof Vm
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as Collect
}
