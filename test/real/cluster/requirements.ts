/** What a machine must have to run the cluster. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const PROGRAMS = ['go', 'containerd', 'runc', 'ip', 'nsenter', 'iptables', 'conntrack', 'openssl', 'gcc', 'umount']

/** Why the cluster cannot run here; undefined when it can. */
export function clusterLacks(): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux'
  if (process.getuid?.() !== 0) return 'this is not root'
  const absent = PROGRAMS.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
  if (absent.length > 0) return `there is no ${absent.join(', ')}`
  return existsSync('/usr/lib/cni/bridge') ? undefined : 'there are no network plugins in /usr/lib/cni'
}
