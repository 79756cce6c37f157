/** Makes the loop, and the calls of back-ends that are called; each wakes the other. */
import { isAwsS3 } from '../runtime/contract/service-config.js'
import { Calls } from './calls.js'
import { Dispatch } from './dispatch.js'
import type { Ground } from './ground.js'
import type { Replicas } from './replicas/replicas.js'
import type { Claims } from './routing/claims.js'
import { priceOf } from './routing/price-of.js'
import { Redecide } from './routing/redecide.js'
import type { Routing } from './routing/routing.js'
import type { Settle } from './settle.js'
import type { Logs } from './workers/log-book.js'
import type { OutputGrants } from './workers/output-grants.js'

export interface DispatchWiring {
  claims: Claims
  replicas: Replicas
  routing: Routing
  settle: Settle
  outputs: OutputGrants
  logs: Logs
}

export function wireDispatch(ground: Ground, { claims, replicas, routing, settle, outputs, logs }: DispatchWiring) {
  const { backends, book, changes, config, database, leaseMs, log, now, registry, release, stores } = ground
  const wake = () => dispatch.wake()
  const calls = new Calls({
    database,
    claims,
    settle,
    outputs,
    logs,
    backends: backends.called,
    store: (name) => stores.get(name),
    release,
    awsStorage: (name) => (isAwsS3(config.storage[name]) ? config.storage[name] : undefined),
    priceOf,
    leaseMs,
    now,
    log,
    onRoom: wake,
  })
  const dispatch = new Dispatch({
    database,
    backends: backends.workers,
    calls,
    routing,
    redecide: new Redecide({ database, routing, release, now, onDecided: wake, log }),
    book,
    replicas,
    changes,
    settle,
    release,
    current: () => registry.all(),
    leaseMs,
    now,
    log,
  })
  return { calls, dispatch }
}
