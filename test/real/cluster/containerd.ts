/** What runs containers: a containerd of the cluster's own, with its own images, state and socket. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { pathOf } from './programs.js'
import { POD_BRIDGE } from './network.js'
import { ADDRESSES, type ClusterPlace } from './place.js'
import { startProgram } from './processes.js'

export const PAUSE_IMAGE = 'localhost/spillway-test/pause:1'

export const containerdSocket = ({ directory }: ClusterPlace): string => join(directory, 'containerd.sock')

export function startContainerd(place: ClusterPlace): void {
  const file = join(place.directory, 'containerd.toml')
  writePodNetwork(place)
  writeRegistries(place)
  writeFileSync(file, configuration(place))
  startProgram(place, { name: 'containerd', args: ['--config', file], ...containerdProgram(place, 'containerd') })
}

/** Debian's, or our own, whose helpers must then be found first. */
export function containerdProgram({ imageVolumes }: ClusterPlace, name: 'containerd' | 'ctr') {
  if (!imageVolumes) return { command: name }
  const command = pathOf(name)
  return { command, environment: { PATH: `${dirname(command)}${delimiter}${process.env.PATH}` } }
}

const cri = 'plugins."io.containerd.grpc.v1.cri"'

/** Works where root lacks CAP_SYS_RESOURCE; nothing lies outside the cluster's directory. */
const configuration = (place: ClusterPlace) => {
  const below = (...names: string[]) => JSON.stringify(join(place.directory, ...names))
  return `version = 2
root = ${below('containerd')}
state = ${below('containerd-state')}
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs", "io.containerd.internal.v1.opt"]
[grpc]
address = ${JSON.stringify(containerdSocket(place))}
[${cri}]
sandbox_image = ${JSON.stringify(PAUSE_IMAGE)}
restrict_oom_score_adj = true
disable_apparmor = true
disable_hugetlb_controller = true
netns_mounts_under_state_dir = true
[${cri}.containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"
[${cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[${cri}.containerd.runtimes.runc.options]
Root = ${below('runc')}
SystemdCgroup = false
[${cri}.cni]
bin_dir = "/usr/lib/cni"
conf_dir = ${below('cni')}
[${cri}.registry]
config_path = ${below('registries')}
`
}

function writePodNetwork(place: ClusterPlace): void {
  const ipam = {
    type: 'host-local',
    dataDir: join(place.directory, 'pod-addresses'),
    ranges: [[{ subnet: ADDRESSES.pods, gateway: ADDRESSES.gateway }]],
    routes: [{ dst: '0.0.0.0/0' }],
  }
  const bridge = { type: 'bridge', bridge: POD_BRIDGE, isGateway: true, ipMasq: true, hairpinMode: true, ipam }
  const plugins = [bridge, { type: 'portmap', capabilities: { portMappings: true } }]
  mkdirSync(join(place.directory, 'cni'), { recursive: true })
  writeFileSync(
    join(place.directory, 'cni', 'pods.conflist'),
    JSON.stringify({ cniVersion: '1.0.0', name: 'pods', plugins }),
  )
}

/**
 * By default containerd takes plain HTTP from 127.0.0.1 alone; a dispatcher in a pod knows the same registry by the gateway's
 * address. The empty table is needed: https://github.com/containerd/containerd/issues/10027
 */
function writeRegistries({ directory }: ClusterPlace): void {
  for (const address of [ADDRESSES.gateway, ADDRESSES.node]) {
    const host = `${address}:${ADDRESSES.registryPort}`
    mkdirSync(join(directory, 'registries', host), { recursive: true })
    writeFileSync(join(directory, 'registries', host, 'hosts.toml'), `server = "http://${host}"\n[host]\n`)
  }
}
