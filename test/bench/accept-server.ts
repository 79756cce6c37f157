/** A dispatcher whose accepts each have a commit of their own: the yardstick of group commit. Prints its URL. */
import { openDatabase } from '../../dispatcher/database/open.js'
import { readConfig } from '../../dispatcher/config.js'
import { Dispatcher } from '../../dispatcher/dispatcher.js'
import { buildServer } from '../../dispatcher/http/server.js'
import { Stores } from '../../dispatcher/storage/stores.js'

async function main(file: string): Promise<void> {
  const config = readConfig(file, process.env)
  const database = await openDatabase(config.database, { password: config.databasePassword })
  const accept = database.accept.bind(database)
  let before: Promise<unknown> = Promise.resolve()
  database.accept = (work) => {
    const mine = before.then(() => accept(work))
    before = mine.catch(() => undefined)
    return mine
  }
  const log = () => undefined
  const dispatcher = await Dispatcher.open({
    config,
    database,
    stores: new Stores([]),
    openBackends: () => [],
    openCalled: () => [],
    log,
    now: () => Date.now(),
    random: () => Math.random(),
  })
  const app = await buildServer(dispatcher, log)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  await dispatcher.start(url)
  process.stdout.write(`${url}\n`)
  process.once(
    'SIGTERM',
    () =>
      void dispatcher
        .stopWork()
        .then(() => app.close())
        .then(() => dispatcher.close()),
  )
}

void main(process.argv[2]!)
