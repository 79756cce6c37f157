/** A cluster to install on, as far as an installation needs it. */
import type { KubernetesObject } from '@kubernetes/client-node'
import type { Manifest } from './manifest.js'

export interface ObjectKey {
  apiVersion: string
  kind: string
  name: string
  /** Undefined: of the whole cluster. */
  namespace?: string
}

/** An object as the cluster has it. */
export type Found = KubernetesObject & { data?: Record<string, string>; status?: Record<string, unknown> }

export interface Target {
  read(key: ObjectKey): Promise<Found | undefined>
  /** Server-side apply under our name; `dry`: the server checks it and keeps nothing. */
  apply(manifest: Manifest, dry: boolean): Promise<Found>
  /** Nothing happens when it is not there. */
  remove(key: ObjectKey, dry: boolean): Promise<void>
  /** None where the kind is unknown. */
  list(kind: Pick<ObjectKey, 'apiVersion' | 'kind' | 'namespace'>, selector?: string): Promise<Found[]>
}

export const keyOf = ({ apiVersion, kind, metadata }: KubernetesObject): ObjectKey => ({
  apiVersion: apiVersion!,
  kind: kind!,
  name: metadata!.name!,
  ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }),
})

export const formatKey = ({ kind, name, namespace }: ObjectKey): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
