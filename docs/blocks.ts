/** The parts of the pages that are made from the code, by name. */
import { ConfigSchema } from '../dispatcher/config.js'
import { commandDefinitions } from '../plugin/command-definitions.js'
import type { CommandDefinition } from '../plugin/serverless.js'
import { describe, type Section } from '../runtime/contract/describe.js'
import { ERRORS } from '../runtime/contract/errors.js'
import { FunctionSpecSchema } from '../runtime/contract/function-spec.js'
import { CAUSES } from '../runtime/contract/outcome.js'
import { ServiceConfigSchema } from '../runtime/contract/service-config.js'
import { link, table } from './markdown.js'

const REFERENCE = 'function-reference.md'

export function blocks(): Record<string, string> {
  const described = new Map<string, string>()
  const own = describe(FunctionSpecSchema, { title: 'A function', prefix: '' }, described)
  const service = describe(ServiceConfigSchema, { title: 'The spillway block', prefix: 'spillway.' }, described)
  const dispatcher = describe(ConfigSchema, { title: 'Keys', prefix: '' }, described)
  const onReference = new Set([...own, ...service].map(({ title }) => title))
  const address = (title: string) => link(title, onReference.has(title) ? REFERENCE : '')
  return {
    function: sections(own, (title) => link(title, '')),
    service: sections(service, (title) => link(title, '')),
    dispatcher: sections(dispatcher, address),
    errors: errorTable(),
    causes: causeTable(),
    commands: commandTables(),
  }
}

const sections = (list: Section[], address: (title: string) => string): string =>
  list.map((section) => sectionText(section, address)).join('\n\n')

/** The first section is the page's own matter, so its heading is left to the page. */
function sectionText({ title, description, rows }: Section, address: (title: string) => string): string {
  const head = ['key', 'type', 'default', 'also accepted', 'meaning']
  const body = rows.map(({ key, type, default: preset, instead, meaning, section }) => [
    `\`${key}\``,
    section === undefined ? type : `${type}, see ${address(section)}`,
    preset,
    instead,
    meaning,
  ])
  const heading = /^[a-z]/.test(title) ? `### \`${title}\`\n\n${sentence(description)}\n\n` : ''
  return heading + table([head, ...body])
}

const sentence = (text: string) => (text === '' ? '' : `${text[0]!.toUpperCase()}${text.slice(1)}.`)

const errorTable = () =>
  table([
    ['code', 'status', 'send again', 'meaning'],
    ...Object.entries(ERRORS).map(([code, { status, retryable, title }]) => [
      `\`${code}\``,
      String(status),
      yes(retryable),
      title,
    ]),
  ])

const causeTable = () =>
  table([
    ['cause', 'tried again', 'counts against `retries`', 'meaning'],
    ...Object.entries(CAUSES).map(([name, { retryable, userFault, meaning }]) => [
      `\`${name}\``,
      yes(retryable),
      yes(userFault),
      meaning,
    ]),
  ])

const yes = (value: boolean) => (value ? 'yes' : 'no')

function commandTables(): string {
  const { spillway } = commandDefinitions({})
  return Object.entries(spillway?.commands ?? {})
    .filter(([, { isHidden }]) => !isHidden)
    .map(([name, definition]) => commandText(`serverless spillway ${name}`, definition))
    .join('\n\n')
}

function commandText(name: string, { usage, options = {} }: CommandDefinition): string {
  const rows = Object.entries(options).map(([option, { usage: meaning, shortcut, type }]) => [
    `\`--${option}\`${shortcut ? `, \`-${shortcut}\`` : ''}${type === 'boolean' ? '' : ' VALUE'}`,
    meaning,
  ])
  return [`### \`${name}\``, `${usage}.`, ...(rows.length > 0 ? [table([['option', 'meaning'], ...rows])] : [])].join(
    '\n\n',
  )
}
