/**
 * `serverless info`: functions with release and counts, where files go in and out, where the dispatcher is, and what its
 * back-ends and storages say.
 */
import type { BackendStatus, FunctionRecord, StorageStatus } from '../../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { formatLocation } from '../../runtime/contract/location.js'
import { dispatcherOf, type CommandContext } from '../context.js'
import { needsDispatcher, type ServiceFunction } from '../service.js'
import type { Serverless } from '../serverless.js'
import { troubles } from '../troubles.js'
import { table } from '../words.js'

/** Beside AWS it becomes a section of what the framework prints at the end, and a dispatcher that is away spoils nothing. */
export async function info(
  context: CommandContext,
  framework?: Pick<Serverless, 'addServiceOutputSection'>,
): Promise<void> {
  if (!framework) return context.output.writeText(await infoLines(context))
  const lines = await infoLines(context).catch((error: unknown) => [unreachable(error)])
  framework.addServiceOutputSection('spillway', lines)
}

function unreachable(error: unknown): string {
  if (error instanceof SpillwayError && error.code === 'dispatcher-unreachable') return error.message
  throw error
}

async function infoLines(context: CommandContext): Promise<string[]> {
  const { service } = context
  const onLambda = service.direct.flatMap((entry) => describe(entry, 'on Lambda, without a dispatcher'))
  return needsDispatcher(service) ? [...(await dispatcherLines(context)), ...onLambda] : onLambda
}

async function dispatcherLines(context: CommandContext): Promise<string[]> {
  const client = await dispatcherOf(context)
  const [records, backends, storages] = await Promise.all([client.functions(), client.backends(), client.storages()])
  const rows = context.service.functions.map((entry) => {
    const record = records.find(({ name }) => name === entry.name)
    return [
      ...describe(entry, stateOf(record)),
      ...(record?.warnings ?? []).map((warning) => `  warning: ${warning}`),
      ...(record?.notes ?? []).map((note) => `  note: ${note}`),
    ]
  })
  const now = Date.now()
  return [
    `dispatcher: ${client.url} (API: ${client.url}/docs)`,
    ...rows.flat(),
    ...backends.flatMap((backend) => describeBackend(backend, now)),
    ...storages.flatMap(describeStorage),
  ]
}

function describeBackend(backend: BackendStatus, now: number): string[] {
  const { name, running, slots, notes } = backend
  return [
    `back-end ${name}: ${running} of ${slots} slots in use`,
    ...notes.map((note) => `  note: ${note}`),
    ...indented(troubles(backend, now)),
  ]
}

/** Only what is wrong: where it is stands in the file. */
const describeStorage = ({ name, healthy, messages = [] }: StorageStatus): string[] =>
  healthy ? [] : [`storage ${name}: work waits because of it`, ...indented(messages)]

const indented = (messages: readonly string[]) =>
  messages.flatMap((message) => message.split('\n')).map((line) => `  ${line}`)

const stateOf = (record: FunctionRecord | undefined) =>
  record ? `release ${record.release}, ${record.queued} queued, ${record.running} running` : 'not deployed'

function describe({ name, spec }: ServiceFunction, state: string): string[] {
  const places = table([
    ...spec.input.map((rule) => ['  input:', formatLocation(rule)]),
    ...spec.output.map((rule) => ['  output:', formatLocation(rule)]),
  ])
  return [`${name}: ${state}`, ...places]
}
