/** What may happen to a pod of the dispatcher, made to happen. */
import type { Cluster } from '../cluster/cluster.js'
import { NAMESPACE } from './lab.js'

export interface DispatcherPod {
  metadata: { name: string; uid: string; deletionTimestamp?: string }
  status: { conditions?: { type: string; status: string }[] }
}

export interface Blow {
  name: string
  strike(pod: DispatcherPod): Promise<unknown>
  /** What becomes of it once the others have taken over. */
  afterwards?(pod: DispatcherPod): Promise<unknown>
}

/** Packets of a pod's network namespace are dropped from here on. */
const CUT = ['INPUT', 'OUTPUT']
  .map((chain) => `nsenter --net=/proc/$p/ns/net iptables -A ${chain} -j DROP`)
  .join(' && ')

export function blowsOn(cluster: () => Cluster) {
  /** `command` of sh, for the dispatcher's process: its number is in `$p`. */
  const atProcess =
    (command: string) =>
    ({ metadata: { uid } }: DispatcherPod) =>
      cluster().run([
        'sh',
        '-c',
        `for d in /proc/[0-9]*; do
          grep -qs 'pod${uid}' $d/cgroup || continue
          p="\${d#/proc/}"
          tr '\\0' ' ' < $d/cmdline 2>/dev/null | grep -q ' serve ' && ${command}
        done; true`,
      ])
  const remove = ({ metadata: { name } }: DispatcherPod) =>
    cluster().kubectl('delete', 'pod', name, '--namespace', NAMESPACE, '--grace-period=0', '--force', '--wait=false')
  return {
    /** As a node does that is lost to the cluster and not to the network: the object goes at once, the process soon. */
    removed: { name: 'removed', strike: remove },
    /** As a crash does: the container is started again in its pod. */
    killed: { name: 'killed', strike: atProcess('kill -KILL $p') },
    /** As a power cut does, or a torn cable: nobody hears that a connection has ended. */
    cut: { name: 'cut off', strike: atProcess(CUT), afterwards: remove },
    /** Its system takes what comes, and it does not answer. */
    halted: { name: 'halted', strike: atProcess('kill -STOP $p'), afterwards: atProcess('kill -CONT $p') },
  } satisfies Record<string, Blow>
}
