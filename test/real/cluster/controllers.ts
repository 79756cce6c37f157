/** The controllers, the scheduler and the Services' proxy. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathOf } from './programs.js'
import { certificateOf } from './certificates.js'
import { kubeconfigOf } from './kubeconfig.js'
import { ADDRESSES, type ClusterPlace } from './place.js'
import { startProgram } from './processes.js'

export function startControllers(place: ClusterPlace): void {
  const kubeconfig = kubeconfigOf(place, 'controller-manager')
  startProgram(place, {
    name: 'kube-controller-manager',
    command: pathOf('kube-controller-manager'),
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      '--leader-elect=false',
      '--use-service-account-credentials',
      `--service-account-private-key-file=${certificateOf(place, 'service-accounts').key}`,
      `--root-ca-file=${certificateOf(place, 'ca').certificate}`,
    ],
  })
}

export function startScheduler(place: ClusterPlace): void {
  const kubeconfig = kubeconfigOf(place, 'scheduler')
  startProgram(place, {
    name: 'kube-scheduler',
    command: pathOf('kube-scheduler'),
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      '--leader-elect=false',
    ],
  })
}

/** Makes the addresses of Services work; leaves the machine's connection tracking as it is. */
export function startServiceProxy(place: ClusterPlace): void {
  const file = join(place.directory, 'kube-proxy.json')
  const configuration = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    clusterCIDR: ADDRESSES.pods,
    hostnameOverride: place.nodeName,
    clientConnection: { kubeconfig: kubeconfigOf(place, 'proxy') },
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    iptables: { minSyncPeriod: '0s' },
  }
  writeFileSync(file, JSON.stringify(configuration))
  startProgram(place, { name: 'kube-proxy', command: pathOf('kube-proxy'), args: [`--config=${file}`] })
}
