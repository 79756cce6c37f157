/** What a pod's status means for its worker. Pure. */
import type { Cause } from '../../../../runtime/contract/outcome.js'
import { MAIN_CONTAINER } from '../pod/inside.js'
import { JOB_LABEL } from '../names.js'
import type { Condition, ContainerStatus, Pod, PodStatus, Terminated } from '../cluster/objects.js'

export type PodFacts =
  /** No node has taken it; `words` are the scheduler's, where it has said why. */
  | { phase: 'unscheduled'; words?: string }
  /** A node has it; `trouble` is what keeps a container from starting. */
  | { phase: 'starting'; trouble?: StartTrouble }
  /** `leaving`: the cluster takes it away, or has lost its node; one clause. */
  | { phase: 'running'; leaving?: string }
  | { phase: 'ended'; end: PodEnd }

export interface StartTrouble {
  /** The kubelet's word for it, e.g. `ErrImagePull`. */
  reason: string
  words: string
  /** Waiting does not cure it. */
  isFinal: boolean
  /** It lacks what its dispatcher should have made with it. */
  isOrphan?: true
}

export interface PodEnd {
  cause: Cause
  /** One clause, with the cluster's own words. */
  why: string
  /** The container could not even be started: the image, not the worker, is at fault. */
  isImageFault: boolean
  exitCode?: number
}

export function podFacts({ metadata, status = {} }: Pod): PodFacts {
  const main = mainOf(status)
  const terminated = main?.state?.terminated
  if (terminated || status.phase === 'Succeeded' || status.phase === 'Failed')
    return { phase: 'ended', end: endOf(status, terminated, metadata.deletionTimestamp !== undefined) }
  if (main?.state?.running) return { phase: 'running', ...leaving(status, metadata.deletionTimestamp !== undefined) }
  const scheduled = status.conditions?.find(({ type }) => type === 'PodScheduled')
  if (scheduled?.status !== 'True') {
    const words = scheduled?.message
    return { phase: 'unscheduled', ...(words ? { words } : {}) }
  }
  const trouble = startTrouble(status, metadata.labels?.[JOB_LABEL])
  return { phase: 'starting', ...(trouble ? { trouble } : {}) }
}

/** Where nobody asks the container whether it is ready, who runs is ready, unless its node is not: https://kubernetes.io/docs/concepts/architecture/nodes/#condition */
function leaving({ reason, conditions = [] }: PodStatus, isDeleted: boolean): { leaving?: string } {
  const disruption = disruptionOf(conditions)
  if (disruption) return { leaving: `the pod is being evicted${clause(wordsOf(disruption))}` }
  if (isDeleted) return { leaving: 'somebody has deleted the pod' }
  const isLost = reason === 'NodeLost' || conditions.some(({ type, status }) => type === 'Ready' && status === 'False')
  return isLost ? { leaving: 'its node is not ready' } : {}
}

/** https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions */
const disruptionOf = (conditions: readonly Condition[] = []) =>
  conditions.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True')

const wordsOf = ({ message, reason }: Condition) => message ?? reason

/** A pod that was there and is not any more, without having ended before anybody's eyes. */
const VANISHED: PodEnd = Object.freeze({
  cause: 'worker-lost',
  why: 'the pod is gone',
  isImageFault: false,
})

/** By what it was like before. */
export const vanished = (pod: PodFacts): PodEnd =>
  pod.phase === 'running' && pod.leaving ? { ...VANISHED, cause: 'evicted', why: pod.leaving } : VANISHED

const mainOf = ({ containerStatuses }: PodStatus): ContainerStatus | undefined =>
  containerStatuses?.find(({ name }) => name === MAIN_CONTAINER)

/** Reasons to wait that are none: a container is being made. */
const NORMAL = ['ContainerCreating', 'PodInitializing']

/** https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/images/types.go */
const FINAL = ['InvalidImageName', 'ErrImageNeverPull']

/** The Secret with its start token has the name of its Job. */
function startTrouble(
  { initContainerStatuses = [], containerStatuses = [] }: PodStatus,
  job: string | undefined,
): StartTrouble | undefined {
  for (const { state } of [...initContainerStatuses, ...containerStatuses]) {
    const { reason = '', message = '' } = state?.waiting ?? {}
    if (reason !== '' && !NORMAL.includes(reason))
      return {
        reason,
        words: message || reason,
        isFinal: FINAL.includes(reason),
        ...(job !== undefined && message.includes(`secret "${job}" not found`) ? { isOrphan: true } : {}),
      }
  }
  return undefined
}

/** Of status.reason, where a node or the control plane ended it: https://kubernetes.io/docs/concepts/scheduling-eviction/ */
const MOVED = /^(Evicted|Preempt|NodeShutdown|Shutdown|Terminated|NodeLost|NodeAffinity|OutOf|UnexpectedAdmissionError)/

/** The words of an eviction for what the pod itself did: https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/ */
const OWN_DISK = /exceeds the (total )?limit|exceeded its local ephemeral storage limit/i

/** Reasons of a container that never ran: its program is missing, or for another machine. */
const NOT_STARTED = ['StartError', 'ContainerCannotRun', 'CreateContainerError', 'RunContainerError']

function endOf(status: PodStatus, terminated: Terminated | undefined, isDeleted: boolean): PodEnd {
  const { reason = '', message = '' } = status
  const end = (cause: Cause, why: string, isImageFault = false): PodEnd => ({
    cause,
    why,
    isImageFault,
    ...(terminated ? { exitCode: terminated.exitCode } : {}),
  })
  const words = clause(message || terminated?.message)
  if (terminated?.reason === 'OOMKilled')
    return end('out-of-memory', 'the pod was killed for using more than its memory')
  if (reason === 'Evicted' && OWN_DISK.test(message)) return end('no-space', `the pod was evicted${words}`)
  const failedKit = status.initContainerStatuses?.find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0)?.state
  if (failedKit?.terminated && !terminated)
    return end('worker-lost', `the runtime kit could not be copied${clause(failedKit.terminated.message)}`)
  const disruption = disruptionOf(status.conditions)
  if (disruption) return end('evicted', `the pod was evicted${clause(wordsOf(disruption))}`)
  if (MOVED.test(reason)) return end('evicted', `the pod was evicted: ${reason}${words}`)
  if (terminated && NOT_STARTED.includes(terminated.reason ?? ''))
    return end('image', `the container could not be started${words}`, true)
  if (isDeleted && terminated?.exitCode !== 0) return end('evicted', 'somebody deleted the pod')
  if (!terminated) return end('worker-lost', `the pod ended${reason ? `: ${reason}` : ''}${words}`)
  return end('worker-lost', `the pod ended with exit code ${terminated.exitCode}${words}`)
}

const WORDS_LENGTH_MAX = 600

/** The end of it says most. */
function clause(words: string | undefined): string {
  const line = (words ?? '').trim().replace(/\s*\n\s*/g, '; ')
  if (line === '') return ''
  return `: ${line.length > WORDS_LENGTH_MAX ? `...${line.slice(-WORDS_LENGTH_MAX)}` : line}`
}
