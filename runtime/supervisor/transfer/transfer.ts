/** One file to move, in either direction. */
import type { InputGrant, OutputGrant } from '../../contract/grant.js'

export interface Download {
  grant: InputGrant
  to: string
  bytesMax: number
  signal: AbortSignal
}

export interface Upload {
  grant: OutputGrant
  from: string
  /** True: the file may be moved away instead of copied. */
  mayMove: boolean
  signal: AbortSignal
}
