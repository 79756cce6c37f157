/** Names and labels of what the back-end makes in a cluster. Pure. */
import { createHash } from 'node:crypto'

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/, and ours under `spillway/`. */
export const LABELS = Object.freeze({
  managedBy: 'app.kubernetes.io/managed-by',
  component: 'app.kubernetes.io/component',
  /** Of the dispatcher: two of them in one namespace leave each other's workers alone. */
  instance: 'spillway/instance',
  worker: 'spillway/worker',
  function: 'spillway/function',
  release: 'spillway/release',
})

/** Name of the function in full, which a label may be too short for. */
export const FUNCTION_ANNOTATION = 'spillway/function'

/** Of a pod: https://kubernetes.io/docs/reference/labels-annotations-taints/#batch-kubernetes-io-job-name */
export const JOB_LABEL = 'batch.kubernetes.io/job-name'

/** https://kueue.sigs.k8s.io/docs/tasks/run/jobs/ */
export const QUEUE_LABEL = 'kueue.x-k8s.io/queue-name'

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-arch */
const ARCHITECTURES = { x86_64: 'amd64', arm64: 'arm64' } as const

/** Selects the nodes that can run an image of that architecture. */
export const nodesOf = (architecture: keyof typeof ARCHITECTURES): Record<string, string> => ({
  'kubernetes.io/arch': ARCHITECTURES[architecture],
})

export const MANAGER = 'spillway'
export const WORKER_COMPONENT = 'worker'

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const LABEL_LENGTH_MAX = 63
const LABEL = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/

/** A pod is named after its Job and five more characters and a dash, all of which must fit a host name: 63. */
const JOB_NAME_LENGTH_MAX = 57
const WORKER_DIGITS = 12

/** `plants-dev-classify-0c2f9a7be110`: reads well in a list, and is different for every worker. */
export function jobName(functionName: string, worker: string): string {
  const digits = worker.replace(/[^0-9a-z]/g, '').slice(-WORKER_DIGITS)
  const slug = functionName
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, JOB_NAME_LENGTH_MAX - WORKER_DIGITS - 1)
    .replace(/^-+|-+$/g, '')
  return `${slug || 'function'}-${digits}`
}

/** The text itself where a label can hold it; else its beginning and a digest. */
export function labelValue(text: string): string {
  if (text.length <= LABEL_LENGTH_MAX && LABEL.test(text)) return text
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 10)
  const start = text.replace(/[^-A-Za-z0-9_.]/g, '-').slice(0, LABEL_LENGTH_MAX - digest.length - 1)
  return `${start.replace(/^[^A-Za-z0-9]+/, '')}-${digest}`.replace(/^-/, '')
}

/** The same over restarts, and for replicas that share the secret. */
export const instanceOf = (workerSecret: Buffer): string =>
  createHash('sha256').update('instance ').update(workerSecret).digest('hex').slice(0, 12)

/** Selects the workers of one dispatcher. */
export const selectorOf = (instance: string): string =>
  `${LABELS.managedBy}=${MANAGER},${LABELS.component}=${WORKER_COMPONENT},${LABELS.instance}=${instance}`

/** Selects what is none of them. */
export const othersThan = (instance: string): string => `${LABELS.instance}!=${instance}`
