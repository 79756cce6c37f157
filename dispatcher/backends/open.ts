/** Opens the configured back-ends; the only place that knows them all. */
import { join } from 'node:path'
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { BackendName, OnThisMachine } from '../../runtime/contract/function-spec.js'
import type { BackendsConfig } from '../../runtime/contract/service-config.js'
import { isLoopback, type DispatcherConfig } from '../config.js'
import type { Images } from '../images/images.js'
import type { BackendHost, BackendLimits, WorkerBackend } from './backend.js'
import type { CallBackend, CallHost } from './call-backend.js'
import { connect } from './kubernetes/cluster/connect.js'
import { chooseKitWay } from './kubernetes/kit-way.js'
import { KubernetesBackend } from './kubernetes/kubernetes.js'
import { instanceOf } from './kubernetes/names.js'
import { LambdaBackend } from './lambda/lambda.js'
import { LAMBDA_BACKEND_LIMITS } from './lambda/limits.js'
import { WAITS } from './lambda/run/run-attempt.js'
import type { ContainerEngine } from './local/containers/engine.js'
import { LocalBackend } from './local/local.js'

export type Engines = Readonly<Partial<Record<OnThisMachine, ContainerEngine | undefined>>>

export interface OpenBackends {
  config: DispatcherConfig
  /** `host:port` under which workers on this machine reach the dispatcher. */
  runtimeApi(): string
  /** Path of the bundled supervisor. */
  supervisor: string
  /** What runs the images of functions on this machine, by back-end. */
  engines: Engines
  now(): number
}

/** Throws when one that is configured lacks something. */
export function checkBackends({ backends, host }: DispatcherConfig): void {
  if (backends.kubernetes) checkKubernetes(backends.kubernetes, host)
}

export function openBackends(context: OpenBackends, hostOf: (backend: BackendName) => BackendHost): WorkerBackend[] {
  const { config } = context
  const { local, kubernetes, rehearsal } = config.backends
  const own = { name: 'local', public: false, memoryMax: config.memory } as const
  const asLambda = { ...LAMBDA_BACKEND_LIMITS, name: 'rehearsal' } as const
  const onThisMachine = (settings: Configured<OnThisMachine>, limits: MachineBackend['limits']) =>
    openOnThisMachine({ settings, limits, host: hostOf(limits.name) }, context)
  return [
    ...(local ? [onThisMachine(local, own)] : []),
    ...(kubernetes ? [openKubernetes(kubernetes, context, hostOf('kubernetes'))] : []),
    ...(rehearsal ? [onThisMachine(rehearsal, asLambda)] : []),
  ]
}

export function openCalled({ config, now }: Pick<OpenBackends, 'config' | 'now'>, host: CallHost): CallBackend[] {
  const { lambda } = config.backends
  return lambda ? [openLambda(lambda, { config, now }, host)] : []
}

type Configured<Name extends BackendName> = NonNullable<BackendsConfig[Name]>

interface MachineBackend {
  settings: Configured<OnThisMachine>
  limits: BackendLimits & { name: OnThisMachine }
  host: BackendHost
}

const openOnThisMachine = (
  { settings: { slots, keepAlive, containerOptions }, limits, host }: MachineBackend,
  { config, runtimeApi, supervisor, engines, now }: OpenBackends,
): WorkerBackend =>
  new LocalBackend(
    {
      limits,
      slots: slots ?? config.processors,
      keepAliveMs: keepAlive * 1000,
      directory: join(config.stateDirectory, limits.name),
      supervisor,
      runtimeApi,
      heartbeatSeconds: config.heartbeat,
      leaseSeconds: config.lease,
      machine: config.machine,
      secret: config.secret,
      engine: engines[limits.name],
      containerOptions,
      now,
    },
    host,
  )

const ANY_ADDRESS = ['0.0.0.0', '::']

function checkKubernetes({ dispatcherUrl, ...kubernetes }: Configured<'kubernetes'>, host: string): void {
  if (dispatcherUrl === undefined && (isLoopback(host) || ANY_ADDRESS.includes(host)))
    throw new SpillwayError(
      'invalid-configuration',
      `backends.kubernetes.dispatcherUrl is missing: pods cannot reach the dispatcher at ${host}. Write the URL under which they can, such as http://192.168.1.5:7700, and let the dispatcher listen there.`,
    )
  const choice = chooseKitWay({ ...kitFacts(kubernetes), serverVersion: '' })
  if ('missing' in choice)
    throw new SpillwayError('invalid-configuration', `backends.kubernetes lacks ${choice.missing}.`)
}

const kitFacts = ({ kit: wanted, registry, kitImage }: Omit<Configured<'kubernetes'>, 'dispatcherUrl'>) => ({
  wanted,
  ...(registry ? { registry } : {}),
  ...(kitImage ? { kitImage } : {}),
})

function openKubernetes(kubernetes: Configured<'kubernetes'>, context: OpenBackends, host: BackendHost): WorkerBackend {
  const { config, runtimeApi, now } = context
  const { namespace, context: name, dispatcherUrl = `http://${runtimeApi()}`, imagePullSecrets } = kubernetes
  return new KubernetesBackend(
    {
      place: { namespace, instance: instanceOf(config.workerSecret), dispatcherUrl, imagePullSecrets },
      keepAliveMs: kubernetes.keepAlive * 1000,
      maxWorkers: kubernetes.maxWorkers,
      imagePullTimeoutMs: kubernetes.imagePullTimeout * 1000,
      autoscaling: kubernetes.autoscaling,
      kit: kitFacts(kubernetes),
      kitImages: kubernetes.kitImages,
      heartbeatSeconds: config.heartbeat,
      leaseSeconds: config.lease,
      now,
    },
    {
      connect: () => connect({ namespace, ...(name ? { context: name } : {}) }),
      openImages: () => openImagesOf(context, kubernetes),
    },
    host,
  )
}

/** Loaded only where a back-end needs images. */
async function openImagesOf(
  { config, supervisor, now }: OpenBackends,
  { insecureRegistries, kitImages }: Pick<Configured<'kubernetes'>, 'insecureRegistries' | 'kitImages'>,
): Promise<Images> {
  const [{ openImages }, { credentialsFromEnvironment }] = await Promise.all([
    import('../images/open-images.js'),
    import('../images/credentials/from-environment.js'),
  ])
  return openImages({
    cacheDirectory: join(config.stateDirectory, 'images'),
    supervisor,
    node: process.execPath,
    credentials: credentialsFromEnvironment(config.registries, now),
    insecureRegistries,
    kitImages,
    now,
  })
}

/** AWS's own clients are loaded when the first attempt is due. */
function openLambda(
  { region, stagingBucket, concurrency, patience }: Configured<'lambda'>,
  { config, now }: Pick<OpenBackends, 'config' | 'now'>,
  host: CallHost,
): CallBackend {
  const place = { ...(region ? { region } : {}), stagingBucket }
  const settings = {
    ...place,
    ...(concurrency === undefined ? {} : { concurrency }),
    heartbeatSeconds: config.heartbeat,
    waits: { ...WAITS, refused: { ...WAITS.refused, total: patience * 1000 } },
    now,
  }
  const connect = async () =>
    (await import('./lambda/run/connect.js')).connect({ ...place, endpoints: config.awsEndpoints })
  return new LambdaBackend(settings, connect, host)
}
