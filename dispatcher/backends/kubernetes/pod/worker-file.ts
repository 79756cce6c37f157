/** What the supervisor of a worker in a pod is to run. Pure. */
import { join } from 'node:path/posix'
import { specFor } from '../../../../runtime/contract/function-spec.js'
import type { Release } from '../../../../runtime/contract/release.js'
import type { WorkerFile, WorkerRun } from '../../../../runtime/contract/runtime-api.js'
import type { ImageFacts } from '../../../images/image-facts.js'
import { steering } from '../../steering.js'
import { INSIDE } from './inside.js'
import type { KitWay } from '../kit-way.js'

export interface WorkerFileFacts {
  release: Release
  /** Undefined where only the cluster can read the image. */
  facts?: Pick<ImageFacts, 'environment' | 'program' | 'workingDirectory'>
  way: KitWay
  heartbeatSeconds: number
  leaseSeconds: number
}

/** The kubelet starts a supervisor in the WORKDIR of an image that we could not read. */
const WHERE_IT_STARTED = '.'

export function workerFile({ release, facts, way, heartbeatSeconds, leaseSeconds }: WorkerFileFacts): WorkerFile {
  const spec = specFor(release.spec, 'kubernetes')
  const run: WorkerRun = spec.script
    ? { kind: 'script', path: join(INSIDE.files, spec.script) }
    : { kind: 'command', command: spec.command ?? facts?.program ?? [] }
  return {
    function: release.function,
    release: release.number,
    backend: 'kubernetes',
    run,
    environment: { ...steering(facts?.environment ?? {}), ...spec.environment },
    filesDir: INSIDE.files,
    workingDirectory: facts?.workingDirectory ?? WHERE_IT_STARTED,
    limitedDirectories: way === 'derived' ? [INSIDE.own, INSIDE.temporary] : [INSIDE.own],
    fresh: spec.isolation === 'fresh',
    heartbeatSeconds,
    leaseSeconds,
  }
}
