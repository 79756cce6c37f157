/** `spillway serve`: a dispatcher in the foreground. */
import { once } from 'node:events'
import type { Command } from './command.js'
import { startSmall } from './start-small.js'

const NOTES = `Environment
  SPILLWAY_<KEY>              any value of the file, e.g. SPILLWAY_LISTEN, SPILLWAY_STATE_DIRECTORY
  SPILLWAY_TOKENS_USER        tokens of users, separated by commas; or SPILLWAY_TOKENS_USER_FILE
  SPILLWAY_TOKENS_EVENTS      tokens of senders of events; or SPILLWAY_TOKENS_EVENTS_FILE
  SPILLWAY_DATABASE_PASSWORD  password of a PostgreSQL database; or SPILLWAY_DATABASE_PASSWORD_FILE
  SPILLWAY_SECRET_<NAME>      a secret that functions refer to by name`

export const serve: Command = {
  name: 'serve',
  about: 'Run a dispatcher in the foreground.',
  options: {
    config: {
      value: 'FILE',
      about: 'YAML file with listen, database, stateDirectory, storage, backends, routing',
    },
  },
  notes: NOTES,
  async run({ values, environment, signal }) {
    const serving = await startSmall(async () => {
      const [{ readConfig }, { serve: start }] = await Promise.all([import('../config.js'), import('../serve.js')])
      return start(readConfig(values.config as string | undefined, environment))
    })
    if (!signal.aborted) await once(signal, 'abort')
    await serving.stop()
  },
}
