/** Makes one worker in the cluster: its Job, and the Secret with its start token, which goes when the Job goes. */
import type { BackendHost } from '../../backend.js'
import type { Release } from '../../../../runtime/contract/release.js'
import { ClusterRefusal, type Cluster } from '../cluster/cluster.js'
import { compileJob, compileSecret } from '../pod/compile.js'
import { jobName } from '../names.js'
import type { Metadata } from '../cluster/objects.js'
import type { Prepared } from '../preparation.js'
import type { Removals } from './removals.js'
import type { Place } from '../pod/worker.js'

export interface Launch {
  worker: string
  release: Release
  prepared: Prepared
  place: Place
}

interface Surroundings {
  cluster: Cluster
  host: BackendHost
  removals: Pick<Removals, 'begin'>
}

/**
 * The Secret comes second: it can name its owner then, so nobody has to clear it away, and it is there long before a node
 * wants it.
 */
export async function launch(
  { worker, release, prepared, place }: Launch,
  { cluster, host, removals }: Surroundings,
): Promise<void> {
  const { function: name, number, spec } = release
  const job = compileJob({ worker, function: name, release: number, spec, place, ...prepared })
  const token = host.admitStarting(worker, release, { sharesDisk: false })
  let made: Metadata | undefined
  try {
    made = await cluster.createJob(job)
    await cluster.createSecret(compileSecret({ token, job, uid: made.uid }))
  } catch (thrown) {
    // A Job of which no answer came may have been made all the same.
    if (made || !(thrown instanceof ClusterRefusal)) removals.begin(jobName(name, worker))
    throw thrown
  }
}
