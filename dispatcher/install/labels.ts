/** How what was installed is found again. */
import type { InstallPlan } from './plan.js'

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ */
const MANAGED_BY = 'app.kubernetes.io/managed-by'
const INSTANCE = 'app.kubernetes.io/instance'
const NAME = 'app.kubernetes.io/name'

/** `spillway install` of that name in that namespace; workers have other labels. */
type Identity = Pick<InstallPlan, 'name' | 'namespace'>

export const labelsOf = ({ name, namespace }: Identity): Record<string, string> => ({
  [NAME]: 'spillway',
  [INSTANCE]: `${namespace}.${name}`.slice(0, 63),
  [MANAGED_BY]: 'spillway-install',
})

export const selectorOf = (identity: Identity): string =>
  Object.entries(labelsOf(identity))
    .map(([key, value]) => `${key}=${value}`)
    .join(',')

/** What the pods of the Deployment have, and nothing else. */
export const podLabelsOf = (identity: Identity): Record<string, string> => ({
  ...labelsOf(identity),
  'app.kubernetes.io/component': 'dispatcher',
})
