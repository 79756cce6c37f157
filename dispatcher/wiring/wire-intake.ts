/** Makes what takes work in: notifications and requests, listings, prefixes and uploads that users ask for. */
import { SETTLE_SECONDS } from '../../runtime/contract/service-config.js'
import type { Ground } from './ground.js'
import { Intake, type IntakeContext } from '../intake/intake.js'
import { Observer } from '../intake/observer.js'
import { Prefixes } from '../intake/prefixes.js'
import { Uploads } from '../intake/uploads.js'

/** Milliseconds between two listings of a storage, unless its configuration says otherwise. */
const RECONCILE_MS = 60_000

export function wireIntake(ground: Ground, { routing, onAccepted }: Pick<IntakeContext, 'routing' | 'onAccepted'>) {
  const { config, database, log, now, registry, stores } = ground
  const store = (name: string) => stores.get(name)
  const inputs = (name: string) => registry.current(name).spec.input
  const intake = new Intake({
    database,
    current: (name) => registry.current(name),
    takers: (event) => registry.takers(event),
    asListed: async (event) => (await store(event.storage).asListed?.(event)) ?? event,
    routing,
    now,
    onAccepted,
  })
  const prefixes = new Prefixes({
    store,
    storages: () => stores.names(),
    inputs,
    accept: (name, objects) => intake.objects(name, objects),
  })
  const uploads = new Uploads({
    store,
    inputs,
    accept: (name, event) => intake.object(name, event),
    secret: config.workerSecret,
    now,
  })
  const observer = new Observer({
    store,
    reconcileMs: (storage) => (config.storage[storage]?.reconcile ?? RECONCILE_MS / 1000) * 1000,
    settleMs: (storage) => (config.storage[storage]?.settle ?? SETTLE_SECONDS) * 1000,
    offer: (events) => intake.offer(events),
    offerListed: (events) => intake.offerListed(events),
    now,
    log,
  })
  return { intake, prefixes, uploads, observer }
}
