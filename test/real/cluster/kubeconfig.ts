/** Files by which the cluster's parts, and the tests, find the API server. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { certificateOf } from './certificates.js'
import type { ClusterPlace } from './place.js'

const HOLDERS = ['admin', 'controller-manager', 'scheduler', 'proxy', 'node'] as const

export const kubeconfigOf = ({ directory }: ClusterPlace, holder: (typeof HOLDERS)[number]): string =>
  join(directory, `${holder}.kubeconfig`)

export function writeKubeconfigs(place: ClusterPlace): void {
  for (const holder of HOLDERS)
    writeFileSync(kubeconfigOf(place, holder), JSON.stringify(kubeconfig(place, holder)), { mode: 0o600 })
}

function kubeconfig(place: ClusterPlace, holder: string) {
  const { certificate, key } = certificateOf(place, holder)
  const authority = certificateOf(place, 'ca').certificate
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: place.name, cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority': authority } }],
    users: [{ name: holder, user: { 'client-certificate': certificate, 'client-key': key } }],
    contexts: [{ name: place.name, context: { cluster: place.name, user: holder } }],
    'current-context': place.name,
  }
}
