/** A release of a function: what the database keeps, and what a back-end runs. */
import type { FunctionSpec } from './function-spec.js'

/** One registered revision of a function: its spec, frozen, with a number that counts from 1. */
export interface Release {
  function: string
  number: number
  spec: FunctionSpec
  /** Digest of the packaged files; key of `getPackage`. */
  packageDigest: string
  createdAt: number
}
