/** The API server; Pod Security admission is part of it. */
import { pathOf } from './programs.js'
import { certificateOf, serviceAccountPublicKey } from './certificates.js'
import { ADDRESSES, type ClusterPlace } from './place.js'
import { startProgram } from './processes.js'

export function startApiServer(place: ClusterPlace): void {
  startProgram(place, {
    name: 'kube-apiserver',
    command: pathOf('kube-apiserver'),
    args: [
      '--etcd-servers=http://127.0.0.1:2379',
      `--advertise-address=${ADDRESSES.node}`,
      '--allow-privileged=true',
      '--authorization-mode=Node,RBAC',
      `--feature-gates=ImageVolume=${place.imageVolumes}`,
      '--enable-admission-plugins=NodeRestriction',
      `--service-cluster-ip-range=${ADDRESSES.services}`,
      ...tlsArgs(place),
      ...kubeletArgs(place),
      ...serviceAccountArgs(place),
    ],
  })
}

function tlsArgs(place: ClusterPlace): string[] {
  const own = certificateOf(place, 'apiserver')
  return [
    `--client-ca-file=${certificateOf(place, 'ca').certificate}`,
    `--tls-cert-file=${own.certificate}`,
    `--tls-private-key-file=${own.key}`,
  ]
}

/** How it reaches the kubelet, for `kubectl logs` and `exec`. */
function kubeletArgs(place: ClusterPlace): string[] {
  const admin = certificateOf(place, 'admin')
  return [
    `--kubelet-client-certificate=${admin.certificate}`,
    `--kubelet-client-key=${admin.key}`,
    `--kubelet-certificate-authority=${certificateOf(place, 'ca').certificate}`,
    '--kubelet-preferred-address-types=InternalIP',
  ]
}

const serviceAccountArgs = (place: ClusterPlace): string[] => [
  '--service-account-issuer=https://kubernetes.default.svc',
  `--service-account-key-file=${serviceAccountPublicKey(place)}`,
  `--service-account-signing-key-file=${certificateOf(place, 'service-accounts').key}`,
]
