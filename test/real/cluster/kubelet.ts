/** The node. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathOf } from './programs.js'
import { certificateOf } from './certificates.js'
import { containerdSocket } from './containerd.js'
import { kubeconfigOf } from './kubeconfig.js'
import { ADDRESSES, type ClusterPlace } from './place.js'
import { startProgram } from './processes.js'

export function startKubelet(place: ClusterPlace): void {
  const file = join(place.directory, 'kubelet.json')
  writeFileSync(file, JSON.stringify(configuration(place)))
  startProgram(place, {
    name: 'kubelet',
    command: pathOf('kubelet'),
    args: [
      `--config=${file}`,
      `--kubeconfig=${kubeconfigOf(place, 'node')}`,
      `--hostname-override=${place.nodeName}`,
      `--node-ip=${ADDRESSES.node}`,
      `--root-dir=${join(place.directory, 'kubelet')}`,
    ],
  })
}

/** https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ */
function configuration(place: ClusterPlace) {
  const own = certificateOf(place, 'node')
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${containerdSocket(place)}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${place.controlGroup}`,
    failSwapOn: false,
    oomScoreAdj: 0,
    resolvConf: '',
    podLogsDir: join(place.directory, 'pod-logs'),
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: certificateOf(place, 'ca').certificate },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: own.certificate,
    tlsPrivateKeyFile: own.key,
    // A full disk of the developer's is no business of the tests'.
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
    // How soon a pod that fills its disk is noticed; a minute otherwise.
    volumeStatsAggPeriod: '5s',
    serializeImagePulls: false,
    featureGates: { ImageVolume: place.imageVolumes },
  }
}
