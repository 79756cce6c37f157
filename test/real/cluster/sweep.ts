/** Takes a cluster away, whatever is left of it: works after a clean end, after a kill and in the middle of a start. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { emptyControlGroup } from './control-group.js'
import { deleteNetwork } from './network.js'
import { factsFile, type ClusterPlace } from './place.js'

export async function sweep(place: ClusterPlace): Promise<void> {
  rmSync(factsFile(place), { force: true })
  await emptyControlGroup(place.controlGroup)
  unmountBelow(place.directory)
  deleteNetwork(place)
  removeShimSockets(place)
  removeStrays(place)
  rmSync(place.directory, { recursive: true, force: true, maxRetries: 5 })
}

/** https://www.kernel.org/doc/html/latest/filesystems/proc.html#proc-pid-mountinfo-information-about-mounts */
function unmountBelow(directory: string): void {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${directory}/`))
  if (points.length > 0) execFileSync('umount', ['--lazy', ...points.reverse()])
}

/** Containerd's helpers keep their sockets in one place for the whole machine; each container's directory names its own. */
function removeShimSockets({ directory }: ClusterPlace): void {
  const tasks = join(directory, 'containerd-state', 'io.containerd.runtime.v2.task', 'k8s.io')
  for (const container of entriesOf(tasks)) {
    const file = join(tasks, container, 'address')
    if (existsSync(file)) rmSync(readFileSync(file, 'utf8').trim().replace('unix://', ''), { force: true })
  }
}

/** Two places are fixed in the programs: the kubelet's links to logs, and the network plugins' memory. */
function removeStrays({ directory }: ClusterPlace): void {
  for (const link of pathsIn('/var/log/containers')) if (readlinkSync(link).startsWith(`${directory}/`)) rmSync(link)
  for (const file of pathsIn('/var/lib/cni/results'))
    if (readFileSync(file, 'utf8').includes(`"${directory}/`)) rmSync(file)
}

const entriesOf = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory) : [])
const pathsIn = (directory: string): string[] => entriesOf(directory).map((name) => join(directory, name))
