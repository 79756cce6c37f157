#!/usr/bin/env node
/** The program `spillway`: finds the command that is meant, and runs it until it is done or told to stop. */
import { asError, SpillwayError } from '../runtime/contract/errors.js'
import { COMMANDS } from './commands/commands.js'
import { readCommand } from './commands/read-command.js'

/** Exit code for words that are not understood, as other programs have it. */
const USAGE_CODE = 2

async function main(words: string[]): Promise<void> {
  const reading = readCommand(COMMANDS, words)
  if ('help' in reading) return print(reading.help.trimEnd())
  if ('problem' in reading) {
    say(reading.problem.trimEnd())
    process.exitCode = USAGE_CODE
    return
  }
  const { command, values, words: given } = reading
  await command.run({ values, words: given, environment: process.env, print, say, signal: toldToStop() })
}

const print = (line: string) => void process.stdout.write(`${line}\n`)
const say = (line: string) => void process.stderr.write(`${line}\n`)

function toldToStop(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => controller.abort())
  return controller.signal
}

/** Whoever reads may have seen enough, as `head` has. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

main(process.argv.slice(2)).catch((thrown: unknown) => {
  const error = asError(thrown)
  process.exitCode = 1
  if (error.name === 'AbortError') return say('spillway: stopped before it was done')
  const known = thrown instanceof SpillwayError
  say(`spillway: ${known ? `${error.message} (${thrown.code})` : (error.stack ?? error.message)}`)
})
