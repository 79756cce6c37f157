/** A command of the program `spillway`: what its help is made of, and what it does. Heavy modules are loaded when it runs. */

export interface Command {
  /** Words after `spillway`, e.g. `image push`. */
  name: string
  /** Further words that must follow, e.g. `REGISTRY/NAME`. */
  words?: readonly string[]
  /** One sentence. */
  about: string
  options: Readonly<Record<string, CommandOption>>
  /** Further paragraphs of its help. */
  notes?: string
  /** Resolves when it is done; what it throws ends the program with code 1. */
  run(call: CommandCall): Promise<void>
}

export interface CommandOption {
  /** What stands for its value, e.g. `FILE`; absent: it has none. */
  value?: string
  /** May be given several times. */
  several?: boolean
  /** With its default, if it has one. */
  about: string
}

export interface CommandCall {
  values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
  words: readonly string[]
  environment: Readonly<Record<string, string | undefined>>
  /** Results, for programs too: standard output. */
  print(line: string): void
  /** What happens meanwhile, for people: standard error. */
  say(line: string): void
  /** Aborted when the program is told to stop. */
  signal: AbortSignal
}
