/** The network of the cluster: a namespace of its own, in which 127.0.0.1 and every port belong to the cluster. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { ADDRESSES, type ClusterPlace } from './place.js'
import { runInside } from './processes.js'

/** There before the first pod, so that tests can listen on the gateway's address. */
export const POD_BRIDGE = 'pods0'

/** A bridge stands for the node's network card, as not every kernel has a dummy device. */
const SET_UP = `set -e
ip link set lo up
ip link add node0 type bridge
ip address add ${ADDRESSES.node}/${ADDRESSES.nodePrefix} dev node0
ip link set node0 up
ip link add ${POD_BRIDGE} type bridge
ip address add ${ADDRESSES.gateway}/${ADDRESSES.podsPrefix} dev ${POD_BRIDGE}
ip link set ${POD_BRIDGE} up
ip route add default dev node0
echo 1 > /proc/sys/net/ipv4/ip_forward
[ ! -e /proc/sys/net/bridge ] || echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables
`

export async function createNetwork(place: ClusterPlace): Promise<void> {
  execFileSync('ip', ['netns', 'add', basename(place.networkNamespace)])
  await runInside(place, ['sh', '-c', SET_UP])
}

export function deleteNetwork({ networkNamespace }: ClusterPlace): void {
  if (existsSync(networkNamespace)) execFileSync('ip', ['netns', 'delete', basename(networkNamespace)])
}
