/** From the words of a command line to the command that is meant. Pure. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import type { Command, CommandCall } from './command.js'
import { generalHelp, helpOf, usageOf } from './help.js'

export type Reading =
  | ({ command: Command } & Pick<CommandCall, 'values' | 'words'>)
  | { help: string }
  /** What is wrong with the words, and what would be right. */
  | { problem: string }

const HELP = { type: 'boolean', short: 'h' } as const

export function readCommand(commands: readonly Command[], words: readonly string[]): Reading {
  const found = commands.filter(({ name }) => startsWith(words, name.split(' ')))
  const command = found.sort((a, b) => b.name.length - a.name.length)[0]
  if (command) return readWords(command, words.slice(command.name.split(' ').length))
  const wanted = words.filter((word) => !word.startsWith('-')).join(' ')
  if (words.includes('--help') || words.includes('-h')) return { help: generalHelp(commands) }
  const problem = wanted === '' ? 'Which command?' : `There is no command \`spillway ${wanted}\`.`
  return { problem: `${problem}\n\n${generalHelp(commands)}` }
}

function readWords(command: Command, words: string[]): Reading {
  const options: ParseArgsConfig['options'] = { help: HELP }
  for (const [name, { value, several = false }] of Object.entries(command.options))
    options[name] = { type: value === undefined ? 'boolean' : 'string', multiple: several }
  try {
    const { values, positionals } = parseArgs({ args: words, options, allowPositionals: true })
    if (values.help) return { help: helpOf(command) }
    const wanted = command.words ?? []
    if (positionals.length === wanted.length) return { command, values, words: positionals }
    const missing = wanted[positionals.length]
    return wrong(command, missing ? `${missing} is missing.` : `${positionals[wanted.length]} is one word too many.`)
  } catch (thrown) {
    return wrong(command, inOurWords(thrown))
  }
}

const startsWith = (words: readonly string[], name: readonly string[]) => name.every((word, at) => words[at] === word)

const wrong = (command: Command, what: string): Reading => ({
  problem: `${what}\nUsage: ${usageOf(command)}\n\`spillway ${command.name} --help\` says more.`,
})

/** Of Node.js the first sentence; the rest is about positional arguments. */
function inOurWords(thrown: unknown): string {
  const { code, message } = thrown as NodeJS.ErrnoException
  if (!code?.startsWith('ERR_PARSE_ARGS_')) throw thrown
  return `${message.split(/\. |\n/)[0]}.`.replace(/\.\.$/, '.')
}
