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

export function rightsObjects(plan: InstallPlan): Manifest[] {
  const { name, namespace, workers } = plan
  const labels = labelsOf(plan)
  const { workerRole, nodeRole } = namesOf(plan)
  const subjects = [{ kind: 'ServiceAccount', name, namespace }]
  const own = { namespace: workers, labels }
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, labels } },
    { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: { name: workerRole, ...own }, rules: WORKER_RULES },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata: { name: workerRole, ...own },
      roleRef: { apiGroup: RBAC, kind: 'Role', name: workerRole },
      subjects,
    },
    ...(plan.readNodes
      ? [
          {
            apiVersion: `${RBAC}/v1`,
            kind: 'ClusterRole',
            metadata: { name: nodeRole, labels },
            rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }],
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
