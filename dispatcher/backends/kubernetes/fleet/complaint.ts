/** What it means when the cluster does not make what it was asked for. Pure. */
import { asError, SpillwayError } from '../../../../runtime/contract/errors.js'
import { ClusterRefusal } from '../cluster/cluster.js'
import type { ClusterEvent } from '../cluster/objects.js'

export interface Complaint {
  /**
   * `full`: there is no room now; `function`: the spec or its image is at fault, and waiting does not cure it;
   * `platform`: anything else, which somebody has to look into, or which passes.
   */
  kind: 'full' | 'function' | 'platform'
  words: string
  /** Of a function's fault: it may have been the node's. */
  isDoubtful?: boolean
}

const FULL = /exceeded quota|insufficient quota/i
/** What the dispatcher's own account may not do. */
const NOT_ALLOWED = /cannot \w+ resource/
/** A namespace that is coming or going: its service account is made a moment after it. */
const UNFINISHED = /serviceaccount "[^"]*" not found|error looking up service account|because it is being terminated/
const REFUSED = /is forbidden|violates PodSecurity|admission webhook|is invalid|Invalid value|not found/i

function kindOf(words: string): Complaint['kind'] {
  if (FULL.test(words)) return 'full'
  if (NOT_ALLOWED.test(words) || UNFINISHED.test(words)) return 'platform'
  return REFUSED.test(words) ? 'function' : 'platform'
}

/** Of a launch that failed. */
export function complaintOf(thrown: unknown): Complaint {
  const words = asError(thrown).message
  if (thrown instanceof SpillwayError) return { kind: thrown.retryable ? 'platform' : 'function', words }
  if (thrown instanceof ClusterRefusal) return { kind: thrown.status === 404 ? 'platform' : kindOf(words), words }
  return { kind: 'platform', words }
}

/** Of a Job that gets no pod; undefined while its controller has said nothing. */
export function complaintOfJob(events: readonly ClusterEvent[]): Complaint | undefined {
  const words = lastWarning(events.filter(({ reason }) => reason === 'FailedCreate'))
  return words === undefined ? undefined : { kind: kindOf(words), words }
}

/** The newest warning that was given about an object. */
export function lastWarning(events: readonly ClusterEvent[]): string | undefined {
  const warnings = events.filter(({ type, message }) => type === 'Warning' && message)
  return warnings.sort((a, b) => timeOf(a) - timeOf(b)).at(-1)?.message
}

const timeOf = ({ lastTimestamp, eventTime, metadata }: ClusterEvent): number =>
  Date.parse(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') || 0
