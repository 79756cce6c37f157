/** One object of a cluster as it is written down. */
import type { KubernetesObject } from '@kubernetes/client-node'

/** With `data` and `spec` of its kind. */
export type Manifest = KubernetesObject & { [key: string]: unknown }
