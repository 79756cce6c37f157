/** The help of `spillway`, made from its commands. Pure. */
import type { Command, CommandOption } from './command.js'

const PURPOSE = 'spillway: takes in work, records it, decides, hands it out, settles it'

export function generalHelp(commands: readonly Command[]): string {
  const rows = commands.map(({ name, words = [], about }): [string, string] => [
    ['spillway', name, ...words].join(' '),
    about,
  ])
  return `${PURPOSE}\n\nCommands\n${table(rows)}\n\n\`spillway COMMAND --help\` tells the options of a command.\n`
}

export function helpOf(command: Command): string {
  const options = Object.entries({ ...command.options, help: { about: 'this text' } })
  const rows = options.map(([name, option]: [string, CommandOption]): [string, string] => [
    optionWords(name, option),
    option.about,
  ])
  const parts = [command.about, `Usage\n  ${usageOf(command)}`, `Options\n${table(rows)}`, command.notes]
  return `${parts.filter((part) => part !== undefined).join('\n\n')}\n`
}

/** Of more options than these the usage only says that there are some. */
const SHOWN_OPTIONS_MAX = 3

/** `spillway image push REGISTRY/NAME [--insecure]` */
export function usageOf({ name, words = [], options }: Command): string {
  const optional = Object.entries(options).map(([option, { value }]) => `[${optionWords(option, { value })}]`)
  const shown = optional.length > SHOWN_OPTIONS_MAX ? ['[OPTIONS]'] : optional
  return ['spillway', name, ...words, ...shown].join(' ')
}

const optionWords = (name: string, { value }: { value?: string | undefined }) =>
  `--${name}${value === undefined ? '' : ` ${value}`}`

function table(rows: readonly [string, string][]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n')
}
