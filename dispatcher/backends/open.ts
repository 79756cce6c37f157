/** Opens the configured back-ends; the only place that knows them all. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { BackendName } from '../../runtime/contract/function-spec.js'
import { configuredBackends } from '../../runtime/contract/service-config.js'
import type { DispatcherConfig } from '../config.js'
import type { BackendHost, WorkerBackend } from './backend.js'
import type { ContainerEngine } from './local/containers/engine.js'
import { LocalBackend } from './local/local.js'

export interface OpenBackends {
  config: DispatcherConfig
  /** `host:port` under which workers on this machine reach the dispatcher. */
  runtimeApi(): string
  /** Path of the bundled supervisor. */
  supervisor: string
  /** Runs the images of functions on this machine. */
  engine: ContainerEngine | undefined
  now(): number
}

/** Throws when one is configured that this version does not have. */
export function checkBackends(config: DispatcherConfig): void {
  const missing = configuredBackends(config.backends).filter((name) => name !== 'local')
  if (missing.length > 0)
    throw new SpillwayError(
      'not-available',
      `backends.${missing[0]} is not available in this version; available: local.`,
    )
}

export function openBackends(
  { config, runtimeApi, supervisor, engine, now }: OpenBackends,
  hostOf: (backend: BackendName) => BackendHost,
): WorkerBackend[] {
  if (!config.backends.local) return []
  const local = new LocalBackend(
    {
      slots: config.localSlots,
      keepAliveMs: config.backends.local.keepAlive * 1000,
      directory: `${config.stateDirectory}/local`,
      supervisor,
      runtimeApi,
      heartbeatSeconds: config.heartbeat,
      leaseSeconds: config.lease,
      memory: config.memory,
      machine: config.machine,
      secret: config.secret,
      engine,
      containerOptions: config.backends.local.containerOptions,
      now,
    },
    hostOf('local'),
  )
  return [local]
}
