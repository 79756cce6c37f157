/**
 * What the back-end will make in the cluster for each worker of a function, as far as that is known without a cluster and
 * without looking at its image. Pure.
 */
import type { V1Job, V1Secret } from '@kubernetes/client-node'
import { specFor, type FunctionSpec } from '../../../runtime/contract/function-spec.js'
import type { BackendsConfig } from '../../../runtime/contract/service-config.js'
import { kitCommand } from '../../images/kit-command.js'
import { refusalOf } from './check.js'
import { compileJob, compileSecret } from './pod/compile.js'
import type { KitWay } from './kit-way.js'
import { runAs, type RunAs } from './pod/security.js'
import type { Kit } from './pod/worker.js'

export interface PreviewedFunction {
  name: string
  spec: FunctionSpec
}

/** In the order in which they are made. */
export interface Preview {
  job: V1Job
  secret: V1Secret
  way: KitWay
}

type KubernetesConfig = NonNullable<BackendsConfig['kubernetes']>

/** Stands for the id of a worker, the identity of a dispatcher, and the number of a release. */
export const NOT_KNOWN_YET = '000000000000'

const NO_UID = '00000000-0000-0000-0000-000000000000'

/** Undefined where nothing is made: Kubernetes cannot run it. */
export function preview({ name, spec }: PreviewedFunction, config: KubernetesConfig): Preview | undefined {
  if (refusalOf(spec) !== undefined) return undefined
  const own = specFor(spec, 'kubernetes')
  const kit = kitOf(own, config)
  const job = compileJob({
    worker: NOT_KNOWN_YET,
    function: name,
    release: 0,
    spec,
    image: own.image!,
    runAs: runAs(own, undefined) as RunAs,
    kit,
    place: {
      namespace: config.namespace,
      instance: NOT_KNOWN_YET,
      dispatcherUrl: config.dispatcherUrl ?? 'http://dispatcher:7700',
      imagePullSecrets: config.imagePullSecrets,
    },
  })
  return { job, secret: compileSecret({ token: NOT_KNOWN_YET, job, uid: NO_UID }), way: kit.way }
}

/** As nodejs.org and Debian have it. */
const LOADERS = { x86_64: 'ld-linux-x86-64.so.2', arm64: 'ld-linux-aarch64.so.1' } as const

/** The dispatcher may know better: the cluster, and what its own file says. */
function kitOf({ architecture }: FunctionSpec, { kit, registry, ...config }: KubernetesConfig): Kit {
  const command = kitCommand(LOADERS[architecture])
  const image = config.kitImages[architecture] ?? config.kitImage
  const way = kit !== 'auto' ? kit : registry || !image ? 'derived' : 'init-container'
  return { way, command, ...(way === 'derived' ? {} : { image: image ?? 'spillway' }) }
}
