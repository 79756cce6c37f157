/** A dispatcher in the process of the test, on a free port, with a back-end that starts nothing: the test is its worker. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import type { BackendHost, WorkerBackend } from '../../dispatcher/backends/backend.js'
import { readConfig } from '../../dispatcher/config.js'
import { openDatabase } from '../../dispatcher/database/open.js'
import type { Release } from '../../runtime/contract/release.js'
import type { StorageConfig } from '../../runtime/contract/service-config.js'
import { Dispatcher } from '../../dispatcher/dispatcher.js'
import { buildServer } from '../../dispatcher/http/server.js'
import { openStorage } from '../../dispatcher/storage/open.js'
import { Stores } from '../../dispatcher/storage/stores.js'

export interface ServedDispatcher {
  url: string
  dispatcher: Dispatcher
  /** Admits a worker; resolves to its token. */
  admit(worker: string, release: Release, facts: { sharesDisk: boolean }): string
  /** What its back-end got from it. */
  host: BackendHost
  /** Path of a file in the directory storage `here`. */
  path(...parts: string[]): string
  stop(): Promise<void>
}

export interface ServeOptions extends Pick<WorkerBackend, 'workerFile' | 'follow'> {
  /** Folder of the storage `here`. */
  data?: string
  /** Storages beside `here`. */
  storage?: Record<string, StorageConfig>
  environment?: Record<string, string>
  /** Those of one team share a database of `environment`. */
  team?: string
}

export async function serveDispatcher(
  directory: string,
  { data = join(directory, 'data'), storage: more = {}, environment = {}, team, ...backend }: ServeOptions = {},
): Promise<ServedDispatcher> {
  const file = join(directory, 'dispatcher.yml')
  mkdirSync(data, { recursive: true })
  mkdirSync(directory, { recursive: true })
  const storage = { here: { type: 'directory', path: data, settle: 0.02 }, ...more }
  writeFileSync(file, JSON.stringify({ stateDirectory: join(directory, 'state'), storage, lease: 600 }))
  const config = readConfig(file, environment)
  let host: BackendHost | undefined
  const dispatcher = await Dispatcher.open({
    config,
    database: await openDatabase(config.database, team === undefined ? {} : { team }),
    stores: new Stores(
      Object.entries(config.storage).map(([name, one]) =>
        openStorage(name, one, { log: () => {}, keys: config.storageKeys[name] }),
      ),
    ),
    openCalled: () => [],
    openBackends: (given) => {
      host = given('local')
      return [Object.assign(new IdleBackend(), backend)]
    },
    log: () => undefined,
    now: () => Date.now(),
    random: () => 0,
  })
  const app = await buildServer(dispatcher, () => undefined)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  await dispatcher.start(url)
  return {
    url,
    dispatcher,
    admit: (worker, release, facts) => host!.admit(worker, release, facts),
    host: host!,
    path: (...parts) => join(data, ...parts),
    stop: async () => {
      await dispatcher.stopWork()
      await dispatcher.close()
      await app.close()
    },
  }
}

class IdleBackend implements WorkerBackend {
  readonly limits = { name: 'local' as const, public: false }
  check = () => ({ notes: [] })
  scale = () => undefined
  silent = () => undefined
  capacity = () => ({ slots: 1, bootSeconds: 0, starting: [] })
  status = () => ({ name: 'local' as const, public: false, healthy: true, slots: 1, workers: 0, notes: [] })
  close = async () => undefined
}
