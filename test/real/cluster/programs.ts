/** The programs that a cluster is made of, in the cache. */
import { join } from 'node:path'
import { CACHE } from '../cache.js'

export const VERSIONS = {
  etcd: '3.6.16',
  /** The newest that starts on control groups of version 1 without being told to. */
  kubernetes: '1.34.4',
  /** Of the first minor version with image volumes; a cluster without them takes Debian's. */
  containerd: '2.1.9',
} as const

export const PROGRAMS = {
  etcd: ['etcd'],
  kubernetes: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'kubelet', 'kubectl'],
  containerd: ['containerd', 'containerd-shim-runc-v2', 'ctr'],
} as const

export type Origin = keyof typeof PROGRAMS
export type ProgramName = (typeof PROGRAMS)[Origin][number]

export const directoryOf = (origin: Origin): string => join(CACHE, `${origin}-${VERSIONS[origin]}`)

export function pathOf(program: ProgramName): string {
  const origins = Object.keys(PROGRAMS) as Origin[]
  const origin = origins.find((name) => (PROGRAMS[name] as readonly string[]).includes(program))
  return join(directoryOf(origin!), program)
}
