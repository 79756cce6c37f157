/** Disk space of the node for PersistentVolumeClaims, as an administrator without a provisioner would offer it. */
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from './cluster.js'

/** The default class of the cluster, so that a claim need not name it. */
const STORAGE_CLASS = 'spillway-test'

export interface TestVolume {
  name: string
  /** As Kubernetes writes it, e.g. `1Gi`. */
  size: string
}

/** Resolves to its directory on this machine, which stays as long as the cluster. */
export async function offerVolume(cluster: Cluster, { name, size }: TestVolume): Promise<string> {
  const { directory, nodeName } = cluster.place
  const path = join(directory, 'volumes', name)
  mkdirSync(path, { recursive: true })
  chmodSync(path, 0o770)
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'List',
    items: [storageClass(), volume({ name, size, path, nodeName })],
  })
  return path
}

const storageClass = () => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: STORAGE_CLASS, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'kubernetes.io/no-provisioner',
  volumeBindingMode: 'WaitForFirstConsumer',
})

/** Of kind `local`, as the pod's fsGroup is applied to it, and not to a hostPath. */
function volume({ name, size, path, nodeName }: TestVolume & { path: string; nodeName: string }) {
  const onNode = { key: 'kubernetes.io/hostname', operator: 'In', values: [nodeName] }
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      storageClassName: STORAGE_CLASS,
      capacity: { storage: size },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      local: { path },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [onNode] }] } },
    },
  }
}
