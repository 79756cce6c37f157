#!/usr/bin/env node
/** The program `spillway`: reads its words, runs a dispatcher until it is told to stop. */
import { parseArgs } from 'node:util'
import { asError, SpillwayError } from '../runtime/contract/errors.js'
import { readConfig } from './config.js'
import { serve } from './serve.js'

const USAGE = `spillway: takes in work, records it, decides, hands it out, settles it

Usage
  spillway serve [--config FILE]   run a dispatcher in the foreground

Options
  --config FILE   YAML file with listen, database, stateDirectory, storage, backends, routing
  --help          this text

Environment
  SPILLWAY_<KEY>              any value of the file, e.g. SPILLWAY_LISTEN, SPILLWAY_STATE_DIRECTORY
  SPILLWAY_TOKENS_USER        tokens of users, separated by commas; or SPILLWAY_TOKENS_USER_FILE
  SPILLWAY_TOKENS_EVENTS      tokens of senders of events; or SPILLWAY_TOKENS_EVENTS_FILE
  SPILLWAY_SECRET_<NAME>      a secret that functions refer to by name
`

async function main(words: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help || positionals[0] !== 'serve') {
    process.stdout.write(USAGE)
    process.exitCode = values.help ? 0 : 2
    return
  }
  const serving = await serve(readConfig(values.config, process.env))
  await signalled()
  await serving.stop()
}

const signalled = () =>
  new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })

main(process.argv.slice(2)).catch((thrown: unknown) => {
  const error = asError(thrown)
  const known = thrown instanceof SpillwayError
  process.stderr.write(`spillway: ${known ? `${error.message} (${thrown.code})` : (error.stack ?? error.message)}\n`)
  process.exitCode = 1
})
