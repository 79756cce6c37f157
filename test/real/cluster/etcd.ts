/** The cluster's store. */
import { join } from 'node:path'
import { pathOf } from './programs.js'
import type { ClusterPlace } from './place.js'
import { startProgram } from './processes.js'

/** Its data is no more durable than a test needs: nothing is waited for to reach the disk. */
export function startEtcd(place: ClusterPlace): void {
  const args = [
    `--data-dir=${join(place.directory, 'etcd')}`,
    '--listen-client-urls=http://127.0.0.1:2379',
    '--advertise-client-urls=http://127.0.0.1:2379',
    '--listen-peer-urls=http://127.0.0.1:2380',
    '--initial-advertise-peer-urls=http://127.0.0.1:2380',
    '--initial-cluster=default=http://127.0.0.1:2380',
    '--unsafe-no-fsync',
    '--log-level=warn',
  ]
  startProgram(place, { name: 'etcd', command: pathOf('etcd'), args })
}
