/** Makes one worker in the cluster: its Job, and the Secret with its start token, which goes when the Job goes. */
import type { BackendHost } from '../backend.js'
import type { Release } from '../../../runtime/contract/release.js'
import type { Cluster } from './cluster.js'
import { compileJob, compileSecret } from './compile.js'
import type { Prepared } from './preparation.js'
import type { Place } from './worker.js'

export interface Launch {
  worker: string
  release: Release
  prepared: Prepared
  place: Place
}

/**
 * Resolves to the name of the Job. The Secret comes second: it can name its owner then, so nobody has to clear it away,
 * and it is there long before a node wants it.
 */
export async function launch(
  { worker, release, prepared, place }: Launch,
  cluster: Cluster,
  host: BackendHost,
): Promise<string> {
  const { function: name, number, spec } = release
  const job = compileJob({ worker, function: name, release: number, spec, place, ...prepared })
  const token = host.admitStarting(worker, release, { sharesDisk: false })
  const made = await cluster.createJob(job)
  try {
    await cluster.createSecret(compileSecret({ token, job, uid: made.uid }))
  } catch (thrown) {
    await cluster.deleteJob(made.name).catch(() => undefined)
    throw thrown
  }
  return made.name
}
