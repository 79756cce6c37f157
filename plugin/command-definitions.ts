/** The commands that we add, as the framework wants to hear of them. */
import type { CommandDefinition, CommandOption } from './serverless.js'

const FUNCTION: CommandOption = { usage: 'Name of the function', type: 'string', shortcut: 'f' }
const ID: CommandOption = { usage: 'Id of the invocation, or its last eight characters', type: 'string' }

/** What the framework's own command takes beside its own options. */
const INVOKE: CommandDefinition = {
  usage: 'Invoke a function',
  options: {
    input: {
      usage: 'Invoke it on every object below this place (storage://bucket/prefix), for functions of Spillway',
      type: 'string',
    },
    output: { usage: 'Download the results into this directory, for functions of Spillway', type: 'string' },
  },
}

/** Commands that take an id, as a word or as `--id`. */
export const ID_COMMANDS = ['explain', 'redrive', 'cancel'] as const
export type IdCommand = (typeof ID_COMMANDS)[number]
/** What stands after `serverless spillway explain` and the like on the command line. */
export type CommandWords = Partial<Record<IdCommand, string>>

export function commandDefinitions(words: CommandWords): Record<string, CommandDefinition> {
  const withWord = (name: IdCommand, definition: CommandDefinition): CommandDefinition => {
    const word = words[name]
    return word === undefined ? definition : { ...definition, commands: { [word]: { ...definition, isHidden: true } } }
  }
  return {
    invoke: INVOKE,
    spillway: {
      usage: 'Run functions on your own machines first, and over the spillway when they are full',
      type: 'container',
      commands: {
        dev: run('Start a dispatcher on this machine, deploy into it, and show what happens', {
          port: { usage: 'Port of the dispatcher. Default: any free one', type: 'string' },
        }),
        register: { ...run('Register the functions with the dispatcher, without AWS'), isHidden: true },
        diff: run('Say what a deploy would change; exit code 0: nothing, 1: something, 2: it cannot be told', {
          function: FUNCTION,
          json: { usage: 'As JSON', type: 'boolean' },
        }),
        invocations: run('List invocations, newest first', {
          function: FUNCTION,
          state: {
            usage: 'Only those that are accepted, queued, running, succeeded, failed or cancelled',
            type: 'string',
          },
          limit: { usage: 'How many. Default: 20', type: 'string' },
          json: { usage: 'As JSON', type: 'boolean' },
        }),
        top: run('Show what waits, what runs where, what it costs, and what was decided and why, as it happens', {
          function: FUNCTION,
          'until-done': { usage: 'End when there was work and all of it has ended', type: 'boolean' },
        }),
        explain: withWord(
          'explain',
          run('Say where an invocation ran, why, and what happened: explain ID', { id: ID }),
        ),
        graph: run('Show which function feeds which, and through which bucket', {
          format: { usage: 'text, mermaid or dot. Default: text', type: 'string' },
        }),
        redrive: withWord(
          'redrive',
          run('Queue a failed invocation again (redrive ID), or all of a function (-f)', {
            id: ID,
            function: FUNCTION,
          }),
        ),
        cancel: withWord('cancel', run('Cancel an invocation: cancel ID', { id: ID })),
      },
    },
  }
}

const run = (usage: string, options: Record<string, CommandOption> = {}): CommandDefinition => ({
  usage,
  lifecycleEvents: ['run'],
  options,
})
