/** Removes what an installation has put on a cluster, and nothing else. */
import { instanceOf, selectorOf as workersOf } from '../backends/kubernetes/names.js'
import { selectorOf } from './labels.js'
import { namesOf, type InstallPlan } from './plan.js'
import { readSecretObject } from './secrets.js'
import { formatKey, keyOf, type Found, type ObjectKey, type Target } from './target.js'

export interface Uninstall {
  identity: Pick<InstallPlan, 'name' | 'namespace'>
  /** The volume with the record stays, and so does its namespace. */
  keepRecord: boolean
  target: Target
  dryRun: boolean
  say(line: string): void
}

type Kind = Pick<ObjectKey, 'apiVersion' | 'kind'>

const RBAC = 'rbac.authorization.k8s.io/v1'
const NETWORKING = 'networking.k8s.io/v1'
const JOB: Kind = { apiVersion: 'batch/v1', kind: 'Job' }
const VOLUME: Kind = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' }
const SECRET: Kind = { apiVersion: 'v1', kind: 'Secret' }
const NAMESPACE: Kind = { apiVersion: 'v1', kind: 'Namespace' }

/** What takes in work and starts workers. */
const ENTRANCES: readonly Kind[] = [
  { apiVersion: NETWORKING, kind: 'Ingress' },
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'apps/v1', kind: 'Deployment' },
]

/** What it needed for that. */
const NEEDS: readonly Kind[] = [
  { apiVersion: NETWORKING, kind: 'NetworkPolicy' },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
  { apiVersion: RBAC, kind: 'ClusterRoleBinding' },
  { apiVersion: RBAC, kind: 'ClusterRole' },
  { apiVersion: RBAC, kind: 'RoleBinding' },
  { apiVersion: RBAC, kind: 'Role' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
  SECRET,
  { apiVersion: 'v1', kind: 'ServiceAccount' },
]

/** What may stand in the way of removing a namespace: somebody else's things. */
const THINGS: readonly Kind[] = [
  ...[...ENTRANCES, ...NEEDS].filter(({ kind }) => !kind.startsWith('Cluster')),
  JOB,
  VOLUME,
  { apiVersion: 'v1', kind: 'Pod' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'apps/v1', kind: 'DaemonSet' },
]

/** Answers how many objects went, or would go. */
export async function uninstall({ identity, keepRecord, target, dryRun, say }: Uninstall): Promise<number> {
  const selector = selectorOf(identity)
  const namespaces = await target.list(NAMESPACE, selector)
  const jobs = await workerJobs(identity, target)
  const owned = async (kinds: readonly Kind[]) =>
    (await Promise.all(kinds.map((kind) => target.list(kind, selector)))).flat()
  const order = [...(await owned(ENTRANCES)), ...jobs, ...(await owned([...NEEDS, ...(keepRecord ? [] : [VOLUME])]))]
  for (const found of order) await removeOne(found, { target, dryRun, say })
  let count = order.length
  for (const namespace of namespaces)
    if (await mayGo(namespace, { removed: order, target, say })) {
      await removeOne(namespace, { target, dryRun, say })
      count++
    }
  return count
}

type Doing = Pick<Uninstall, 'target' | 'dryRun' | 'say'>

async function removeOne(found: Found, { target, dryRun, say }: Doing): Promise<void> {
  const key = keyOf(found)
  await target.remove(key, dryRun)
  say(`${formatKey(key)}: ${dryRun ? 'would be ' : ''}removed`)
}

/** Of that dispatcher alone: its secret tells which are its. */
async function workerJobs({ name, namespace }: Uninstall['identity'], target: Target): Promise<Found[]> {
  const secret = await target.read({ ...SECRET, namespace, name: namesOf({ name, namespace }).secret })
  const workerSecret = readSecretObject(secret?.data).SPILLWAY_WORKER_SECRET
  return workerSecret === undefined ? [] : target.list(JOB, workersOf(instanceOf(Buffer.from(workerSecret))))
}

/** A namespace of ours in which others have put something is left to them. */
async function mayGo(
  namespace: Found,
  { removed, target, say }: { removed: readonly Found[]; target: Target; say: Uninstall['say'] },
): Promise<boolean> {
  const name = namespace.metadata!.name!
  const ours = new Set(removed.map((found) => found.metadata?.uid))
  for (const kind of THINGS)
    for (const thing of await target.list({ ...kind, namespace: name })) {
      if (ours.has(thing.metadata?.uid) || comesWithNamespace(thing) || isOwned(thing)) continue
      say(`Namespace ${name}: left, for it holds ${formatKey(keyOf(thing))}`)
      return false
    }
  return true
}

/** Kubernetes puts these into every namespace. */
const comesWithNamespace = ({ kind, metadata }: Found) =>
  (kind === 'ConfigMap' && metadata?.name === 'kube-root-ca.crt') ||
  (kind === 'ServiceAccount' && metadata?.name === 'default')

/** It goes with its owner. */
const isOwned = ({ metadata }: Found) => (metadata?.ownerReferences ?? []).length > 0
