/**
 * A function -> the Kubernetes objects of one worker of it: a Job, whose pod runs the user's image with our supervisor,
 * and the Secret with its start token. Pure.
 */
import type { V1Job, V1PodSpec, V1Secret } from '@kubernetes/client-node'
import { specFor, type FunctionSpec } from '../../../../runtime/contract/function-spec.js'
import { KILL_AFTER_SECONDS } from '../../../../runtime/contract/worker-environment.js'
import { containerOf, initContainers } from './containers.js'
import { START_TOKEN_KEY } from './inside.js'
import {
  FUNCTION_ANNOTATION,
  jobName,
  labelValue,
  LABELS,
  MANAGER,
  nodesOf,
  QUEUE_LABEL,
  WORKER_COMPONENT,
} from '../names.js'
import { megabytesText } from '../quantity.js'
import { KIT_SIZE_MAX } from './resources.js'
import type { Kit, WorkerToCompile } from './worker.js'

/** Seconds after which the cluster removes what has ended; by then the dispatcher has taken note of it. */
const REMOVE_AFTER_SECONDS = 120

/** Seconds for the script to end, and for the supervisor to give its attempt back. */
const GRACE_SECONDS = KILL_AFTER_SECONDS + 10

/** Seconds beside the timeout after which a pod that is there for one attempt is too old to be sound; it may have had to pull its image. */
const FRESH_MARGIN_SECONDS = 3600

/** Whoever makes or takes nodes away keeps off while a worker is there; an idle one ends soon. */
const KEEP_OFF = Object.freeze({
  'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
  'karpenter.sh/do-not-disrupt': 'true',
})

export function compileJob(worker: WorkerToCompile): V1Job {
  const { place } = worker
  const spec = specFor(worker.spec, 'kubernetes')
  const queue = spec.kubernetes?.queueName
  const labels = labelsOf(worker)
  const annotations = { [FUNCTION_ANNOTATION]: worker.function }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(worker.function, worker.worker),
      namespace: place.namespace,
      labels: { ...labels, ...(queue ? { [QUEUE_LABEL]: queue } : {}) },
      annotations,
    },
    spec: {
      // Retries are ours: an attempt that was lost here may run on another back-end.
      backoffLimit: 0,
      // Two pods at once would be one worker twice.
      podReplacementPolicy: 'Failed',
      ttlSecondsAfterFinished: REMOVE_AFTER_SECONDS,
      template: {
        metadata: { labels, annotations: { ...annotations, ...KEEP_OFF } },
        spec: podSpec(worker, spec),
      },
    },
  }
}

/** Goes when its Job goes. */
export function compileSecret({ token, job, uid }: { token: string; job: V1Job; uid: string }): V1Secret {
  const { name, namespace, labels } = job.metadata ?? {}
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...(name ? { name } : {}),
      ...(namespace ? { namespace } : {}),
      ...(labels ? { labels } : {}),
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: name ?? '', uid, blockOwnerDeletion: false }],
    },
    immutable: true,
    type: 'Opaque',
    data: { [START_TOKEN_KEY]: Buffer.from(token).toString('base64') },
  }
}

const labelsOf = ({ worker, function: name, release, place }: WorkerToCompile): Record<string, string> => ({
  [LABELS.managedBy]: MANAGER,
  [LABELS.component]: WORKER_COMPONENT,
  [LABELS.instance]: place.instance,
  [LABELS.worker]: worker,
  [LABELS.function]: labelValue(name),
  [LABELS.release]: String(release),
})

function podSpec(worker: WorkerToCompile, spec: FunctionSpec): V1PodSpec {
  const { kit, place } = worker
  const { nodeSelector, tolerations, priorityClass, imagePullSecrets = [], runtimeClass } = spec.kubernetes ?? {}
  const pullSecrets = [...new Set([...place.imagePullSecrets, ...imagePullSecrets])]
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    ...(spec.isolation === 'fresh' ? { activeDeadlineSeconds: Math.ceil(spec.timeout) + FRESH_MARGIN_SECONDS } : {}),
    affinity: onNodesOf(spec.architecture),
    ...(nodeSelector ? { nodeSelector } : {}),
    ...(tolerations ? { tolerations } : {}),
    ...(priorityClass ? { priorityClassName: priorityClass } : {}),
    ...(runtimeClass ? { runtimeClassName: runtimeClass } : {}),
    ...(pullSecrets.length > 0 ? { imagePullSecrets: pullSecrets.map((name) => ({ name })) } : {}),
    ...initContainers(worker, spec),
    containers: [containerOf(worker, spec)],
    ...volumes(kit, spec),
  }
}

/**
 * Not by the node selector: CLUES takes that for an expression, in whose names it has neither dots nor slashes, and would
 * start no node for the pod.
 */
function onNodesOf(architecture: FunctionSpec['architecture']): NonNullable<V1PodSpec['affinity']> {
  const matchExpressions = Object.entries(nodesOf(architecture)).map(([key, value]) => ({
    key,
    operator: 'In',
    values: [value],
  }))
  return {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } },
  }
}

/**
 * None where they can be done without: the kubelet takes 0.3 s for the first one. A derived image has its own place for
 * the scratch space then, in the container's own layer, which the limit of ephemeral storage holds as well.
 */
function volumes(kit: Kit, spec: FunctionSpec): Pick<V1PodSpec, 'volumes'> {
  if (kit.way === 'derived') return {}
  const scratch = { name: 'scratch', emptyDir: { sizeLimit: megabytesText(spec.ephemeralStorageSize) } }
  return { volumes: [scratch, kitVolume(kit)] }
}

function kitVolume({ way, image = '' }: Kit): NonNullable<V1PodSpec['volumes']>[number] {
  if (way === 'image-volume') return { name: 'kit', image: { reference: image, pullPolicy: 'IfNotPresent' } }
  return { name: 'kit', emptyDir: { sizeLimit: megabytesText(KIT_SIZE_MAX) } }
}
