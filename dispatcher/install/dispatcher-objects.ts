/** The dispatcher itself: its file, and the Deployment of the one pod with its volume, or of several without. Pure. */
import { createHash } from 'node:crypto'
import { stringify } from 'yaml'
import { CONFIG_FILE, STATE_DIRECTORY } from './dispatcher-file.js'
import { nodesOf } from '../backends/kubernetes/names.js'
import { labelsOf, podLabelsOf } from './labels.js'
import type { Manifest } from './manifest.js'
import { namesOf, PORT, type InstallPlan } from './plan.js'

/** The user of the image that `spillway image push` makes. */
const USER = 65532

/** Seconds for the dispatcher to let running work end, and to close. */
const GRACE_SECONDS = 60

export function dispatcherObjects(plan: InstallPlan): Manifest[] {
  const file = stringify(plan.file)
  const own = isAlone(plan) ? [volumeClaim(plan)] : [disruptionBudget(plan)]
  return [configMap(plan, file), ...own, deployment(plan, file)]
}

const isAlone = ({ replicas }: InstallPlan) => replicas === 1

const metadata = (plan: InstallPlan, name: string) => ({ name, namespace: plan.namespace, labels: labelsOf(plan) })

const fileName = CONFIG_FILE.slice(CONFIG_FILE.lastIndexOf('/') + 1)

const configMap = (plan: InstallPlan, file: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: metadata(plan, namesOf(plan).configMap),
  data: { [fileName]: file },
})

const volumeClaim = (plan: InstallPlan): Manifest => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: metadata(plan, namesOf(plan).volume),
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: plan.storage } },
    ...(plan.storageClass === undefined ? {} : { storageClassName: plan.storageClass }),
  },
})

/** https://kubernetes.io/docs/tasks/run-application/configure-pdb/ */
const disruptionBudget = (plan: InstallPlan): Manifest => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: metadata(plan, plan.name),
  spec: { maxUnavailable: 1, selector: { matchLabels: podLabelsOf(plan) } },
})

/** One that is alone is gone before the next one comes: two must not have the one volume. Several go one by one. */
const strategyOf = (plan: InstallPlan) =>
  isAlone(plan) ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }

/** https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/ */
const spread = (plan: InstallPlan) => ({
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: podLabelsOf(plan) },
    },
  ],
})

const deployment = (plan: InstallPlan, file: string): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: metadata(plan, plan.name),
  spec: {
    replicas: plan.replicas,
    strategy: strategyOf(plan),
    selector: { matchLabels: podLabelsOf(plan) },
    template: {
      metadata: { labels: podLabelsOf(plan), annotations: { 'spillway/config': digest(file) } },
      spec: podSpec(plan),
    },
  },
})

/** Makes the pod follow a change of its file. */
const digest = (file: string) => createHash('sha256').update(file).digest('hex').slice(0, 16)

function podSpec(plan: InstallPlan) {
  const { configMap: config, volume } = namesOf(plan)
  return {
    serviceAccountName: plan.name,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    ...(plan.architecture ? { nodeSelector: nodesOf(plan.architecture) } : {}),
    imagePullSecrets: plan.imagePullSecrets.map((name) => ({ name })),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(isAlone(plan) ? {} : spread(plan)),
    containers: [container(plan)],
    volumes: [
      { name: 'config', configMap: { name: config } },
      { name: 'state', ...(isAlone(plan) ? { persistentVolumeClaim: { claimName: volume } } : { emptyDir: {} }) },
      { name: 'tmp', emptyDir: {} },
    ],
  }
}

const container = (plan: InstallPlan) => ({
  name: 'dispatcher',
  image: plan.image,
  args: ['serve', '--config', CONFIG_FILE],
  envFrom: [{ secretRef: { name: namesOf(plan).secret } }],
  ports: [{ name: 'http', containerPort: PORT }],
  resources: { requests: { cpu: '100m', memory: '192Mi' }, limits: { memory: '1Gi' } },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  },
  startupProbe: { ...probe('/healthz'), periodSeconds: 1, failureThreshold: 120 },
  livenessProbe: { ...probe('/healthz'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
  // It asks the database: a busy machine must not take all of them out of the Service at once. Of several, one that stands
  // still is out of it before the others cut it off.
  readinessProbe: { ...probe('/readyz'), periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 2 },
  volumeMounts: [
    { name: 'config', mountPath: CONFIG_FILE.slice(0, CONFIG_FILE.lastIndexOf('/')), readOnly: true },
    { name: 'state', mountPath: STATE_DIRECTORY },
    { name: 'tmp', mountPath: '/tmp' },
  ],
})

const probe = (path: string) => ({ httpGet: { path, port: 'http' } })
