/** One worker, as far as the cluster needs to know it. */
import type { FunctionSpec } from '../../../../runtime/contract/function-spec.js'
import type { ImageFacts } from '../../../images/image-facts.js'
import type { KitWay } from '../kit-way.js'
import type { RunAs } from './security.js'

export interface WorkerToCompile {
  worker: string
  function: string
  release: number
  /** As it is registered. */
  spec: FunctionSpec
  /** What the pod runs: the user's image, or the one derived from it. */
  image: string
  /** Undefined where only the cluster can read the image. */
  facts?: Pick<ImageFacts, 'environment'>
  runAs: RunAs
  kit: Kit
  place: Place
}

export interface Kit {
  way: KitWay
  /** The image that holds it, unless the function's own does. */
  image?: string
  /** Starts a supervisor. */
  command: readonly string[]
}

/** What all workers of a dispatcher have in common. */
export interface Place {
  namespace: string
  instance: string
  /** URL under which pods reach the dispatcher. */
  dispatcherUrl: string
  imagePullSecrets: readonly string[]
}
