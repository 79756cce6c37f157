/** How the dispatcher is reached, and that nobody reaches its workers. Pure. */
import { labelsOf, podLabelsOf } from './labels.js'
import type { Manifest } from './manifest.js'
import { PORT, type InstallPlan } from './plan.js'
import { LABELS, MANAGER, WORKER_COMPONENT } from '../backends/kubernetes/names.js'

export const reachObjects = (plan: InstallPlan): Manifest[] => [
  service(plan),
  ...(plan.ingress ? [ingress(plan, plan.ingress)] : []),
  closedWorkers(plan),
]

const service = (plan: InstallPlan): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: plan.name, namespace: plan.namespace, labels: labelsOf(plan) },
  spec: { selector: podLabelsOf(plan), ports: [{ name: 'http', port: PORT, targetPort: 'http' }] },
})

function ingress(plan: InstallPlan, { host, className, tlsSecret }: NonNullable<InstallPlan['ingress']>): Manifest {
  const backend = { service: { name: plan.name, port: { name: 'http' } } }
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: plan.name, namespace: plan.namespace, labels: labelsOf(plan) },
    spec: {
      ...(className === undefined ? {} : { ingressClassName: className }),
      ...(tlsSecret === undefined ? {} : { tls: [{ hosts: [host], secretName: tlsSecret }] }),
      rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    },
  }
}

/** Workers only ever call others. */
const closedWorkers = (plan: InstallPlan): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: `${plan.name}-workers`, namespace: plan.workers, labels: labelsOf(plan) },
  spec: {
    podSelector: { matchLabels: { [LABELS.managedBy]: MANAGER, [LABELS.component]: WORKER_COMPONENT } },
    policyTypes: ['Ingress'],
    ingress: [],
  },
})
