/** What a worker of a function asks of the cluster: how much, and where. Pure. */
import { specFor, type FunctionSpec } from '../../../../runtime/contract/function-spec.js'
import { nodesOf } from '../names.js'
import { resources } from '../pod/resources.js'
import { amountsOf, type Amounts } from './amounts.js'
import type { Wishes } from './placement.js'

export interface WorkerShape extends Wishes {
  need: Amounts
}

export function shapeOf(registered: FunctionSpec, kitIsCopied: boolean): WorkerShape {
  const spec = specFor(registered, 'kubernetes')
  const { nodeSelector = {}, tolerations = [] } = spec.kubernetes ?? {}
  return {
    need: { ...amountsOf(resources(spec, kitIsCopied).requests), pods: 1 },
    labels: [...Object.entries(nodesOf(spec.architecture)), ...Object.entries(nodeSelector)],
    tolerations,
  }
}
