/** Everything that an installation puts on a cluster, in the order in which it is put there. Pure. */
import { dispatcherObjects } from './dispatcher-objects.js'
import { labelsOf } from './labels.js'
import type { Manifest } from './manifest.js'
import type { InstallPlan } from './plan.js'
import { reachObjects } from './reach-objects.js'
import { rightsObjects } from './rights-objects.js'
import { secretObject } from './secrets.js'

/** `secrets`: variables of the dispatcher that nobody should read; without it, the Secret is somebody else's to make. */
export function manifests(plan: InstallPlan, secrets?: Record<string, string>): Manifest[] {
  return [
    ...namespaceObjects(plan),
    ...rightsObjects(plan),
    ...(secrets ? [secretObject(plan, secrets)] : []),
    ...dispatcherObjects(plan),
    ...reachObjects(plan),
  ]
}

/** https://kubernetes.io/docs/concepts/security/pod-security-admission/ */
const RESTRICTED = { 'pod-security.kubernetes.io/enforce': 'restricted' }

export const namespaceObjects = (plan: InstallPlan): Manifest[] =>
  [...new Set([plan.namespace, plan.workers])].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { ...labelsOf(plan), ...RESTRICTED } },
  }))
