/** A dispatcher from its configuration to its end: open, listen, run until told to stop, drain, close. */
import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { pino, type Logger } from 'pino'
import { asError, SpillwayError } from '../runtime/contract/errors.js'
import type { OnThisMachine } from '../runtime/contract/function-spec.js'
import { checkBackends, openBackends, openCalled, type Engines } from './backends/open.js'
import { findEngine } from './backends/local/containers/find-engine.js'
import type { BackendHost } from './backends/backend.js'
import type { DispatcherConfig } from './config.js'
import { openDatabase } from './database/open.js'
import { isPostgresUrl } from './database/postgres/address.js'
import { takeLock } from './database/sqlite/lock.js'
import { Dispatcher } from './dispatcher.js'
import { buildServer } from './http/server.js'
import { openSqs } from './intake/open-sqs.js'
import { pollQueues } from './intake/poll-queues.js'
import type { QueuePoller } from './intake/queue-poller.js'
import { openStorage, type StorageSurroundings } from './storage/open.js'
import { Stores } from './storage/stores.js'

export interface Serving {
  /** Where it listens, e.g. `http://127.0.0.1:7700`. */
  url: string
  /** Stops: takes in nothing more, lets running attempts go on for the configured time, then closes everything. */
  stop(): Promise<void>
}

/** Name of the file in the state directory by which others find a running dispatcher. */
const ADDRESS_FILE = 'dispatcher.json'

export async function serve(config: DispatcherConfig): Promise<Serving> {
  mkdirSync(config.stateDirectory, { recursive: true })
  const lock = lockDirectory(config)
  try {
    const { url, stop } = await serveAlone(config)
    return { url, stop: () => stop().finally(() => lock?.release()) }
  } catch (thrown) {
    lock?.release()
    throw thrown
  }
}

/** Dispatchers that share a PostgreSQL have a directory each; a SQLite file lets no second one in anyway. */
const lockDirectory = ({ database, stateDirectory }: DispatcherConfig) =>
  isPostgresUrl(database) ? takeLock(join(stateDirectory, 'dispatcher')) : undefined

async function serveAlone(config: DispatcherConfig): Promise<Serving> {
  const logger = pino({ level: config.logLevel, base: undefined })
  const log = asLog(logger)
  checkBackends(config)
  const engines = await findEngines(config)
  let address = ''
  const dispatcherUrl = () => config.backends.kubernetes?.dispatcherUrl ?? `http://${address}`
  const stores = openStores(config, { dispatcherUrl, log: (message) => log('warn', message) })
  const database = await openDatabase(config.database, { password: config.databasePassword, team: teamOf(config) })
  const now = () => Date.now()
  const dispatcher = await Dispatcher.open({
    config,
    database,
    stores,
    openCalled: (host) => openCalled({ config, now }, host),
    openBackends: (hostOf) =>
      openBackends({ config, runtimeApi: () => address, supervisor: supervisorPath(), engines, now }, hostOf),
    log,
    now,
    random: () => Math.random(),
  }).catch(async (thrown: unknown) => {
    await database.close()
    throw thrown
  })
  const app = await buildServer(dispatcher, log)
  try {
    await listen(app, config)
    address = addressOf(app)
    await dispatcher.start(`http://${address}`)
    const file = announce(config, `http://${address}`)
    log('info', 'listening', { url: `http://${address}` })
    const pollers = startPollers(config, dispatcher, log)
    return { url: `http://${address}`, stop: () => stop({ app, dispatcher, pollers, file, log }) }
  } catch (thrown) {
    await close(app, dispatcher)
    throw thrown
  }
}

async function findEngines({ backends, engine }: DispatcherConfig): Promise<Engines> {
  const find = (name: OnThisMachine) => findEngine(name, backends[name]?.containers ?? 'off', engine)
  const [local, rehearsal] = await Promise.all([find('local'), find('rehearsal')])
  return { local, rehearsal }
}

/** Dispatchers whose workers take each other for the same one. */
const teamOf = ({ workerSecret }: DispatcherConfig): string =>
  createHash('sha256').update('team ').update(workerSecret).digest('hex').slice(0, 16)

const startPollers = ({ storage, storageKeys }: DispatcherConfig, { intake }: Dispatcher, log: BackendHost['log']) =>
  pollQueues({
    storages: storage,
    keys: storageKeys,
    open: openSqs,
    report: (events) => intake.report(events),
    quarantine: (body, source, problem) => intake.quarantine(body, source, problem),
    log,
  })

/** Everything but its keys is what all storages have in common. */
function openStores(config: DispatcherConfig, common: StorageSurroundings): Stores {
  const { storage, storageKeys, stateDirectory } = config
  const opened = Object.entries(storage).map(([name, one]) =>
    openStorage(name, one, { ...common, stateDirectory, keys: storageKeys[name] }),
  )
  return new Stores(opened)
}

async function listen(app: FastifyInstance, { host, port, listen }: DispatcherConfig): Promise<void> {
  try {
    await app.listen({ host, port })
  } catch (thrown) {
    throw new SpillwayError(
      'invalid-configuration',
      `listen must be a free address of this machine, got ${listen} (${asError(thrown).message}). Write another port, or stop who has it.`,
    )
  }
}

async function stop({
  app,
  dispatcher,
  pollers,
  file,
  log,
}: {
  app: FastifyInstance
  dispatcher: Dispatcher
  pollers: readonly QueuePoller[]
  file: string
  log: BackendHost['log']
}) {
  log('info', 'draining')
  await Promise.all(pollers.map((poller) => poller.close()))
  await dispatcher.drain()
  await close(app, dispatcher)
  rmSync(file, { force: true })
  log('info', 'stopped')
}

/** Workers first, which still need the API; then callers, who still need the record. */
async function close(app: FastifyInstance, dispatcher: Dispatcher): Promise<void> {
  await dispatcher.stopWork()
  await app.close()
  await dispatcher.close()
}

function announce(config: DispatcherConfig, url: string): string {
  const file = join(config.stateDirectory, ADDRESS_FILE)
  writeFileSync(file, JSON.stringify({ url, pid: process.pid, startedAt: new Date().toISOString() }), { mode: 0o600 })
  return file
}

/** Workers are on this machine: they reach an all-interfaces address by loopback. */
function addressOf(app: FastifyInstance): string {
  const { address, port, family } = app.server.address() as AddressInfo
  if (address === '0.0.0.0' || address === '::') return `127.0.0.1:${port}`
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
}

/** Compiled, this file lies in dist/dispatcher and the bundle in dist/runtime. */
const supervisorPath = () => join(__dirname, '..', 'runtime', 'supervisor.cjs')

function asLog(logger: Logger): BackendHost['log'] {
  return (level, message, facts = {}) => logger[level](facts, message)
}
