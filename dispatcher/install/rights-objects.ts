/** Who the dispatcher is, and the least that it must be allowed. Pure. */
import { labelsOf } from './labels.js'
import type { Manifest } from './manifest.js'
import { namesOf, type InstallPlan } from './plan.js'

const RBAC = 'rbac.authorization.k8s.io'

/** What the Kubernetes back-end asks of the cluster, in the namespace of the workers alone. */
const WORKER_RULES = [
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'list', 'delete'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
  { apiGroups: [''], resources: ['events'], verbs: ['list'] },
]

/** Where nodes say that they live: https://kubernetes.io/docs/concepts/architecture/leases/#node-heart-beats */
const NODE_LEASES = 'kube-node-lease'
const NODE_LEASE_RULES = [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get'] }]

export function rightsObjects(plan: InstallPlan): Manifest[] {
  const { name, namespace, workers } = plan
  const labels = labelsOf(plan)
  const { workerRole, nodeRole } = namesOf(plan)
  const subjects = [{ kind: 'ServiceAccount', name, namespace }]
  const roleIn = (space: string, role: string, rules: object[]) => {
    const metadata = { name: role, namespace: space, labels }
    const roleRef = { apiGroup: RBAC, kind: 'Role', name: role }
    return [
      { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata, rules },
      { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata, roleRef, subjects },
    ]
  }
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, labels } },
    ...roleIn(workers, workerRole, WORKER_RULES),
    ...(plan.readNodes
      ? [
          ...roleIn(NODE_LEASES, nodeRole, NODE_LEASE_RULES),
          {
            apiVersion: `${RBAC}/v1`,
            kind: 'ClusterRole',
            metadata: { name: nodeRole, labels },
            rules: [{ apiGroups: [''], resources: ['nodes', ...(plan.readPods ? ['pods'] : [])], verbs: ['list'] }],
          },
          {
            apiVersion: `${RBAC}/v1`,
            kind: 'ClusterRoleBinding',
            metadata: { name: nodeRole, labels },
            roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: nodeRole },
            subjects,
          },
        ]
      : []),
  ]
}
