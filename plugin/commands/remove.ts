/** `serverless remove`: leaves nothing of this service behind; files in buckets and data folders are never touched. */
import { existsSync, rmSync } from 'node:fs'
import { resolve, sep } from 'node:path'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { dispatcherOf, type CommandContext } from '../context.js'
import { readDeployed, readDeployedByOthers, writeDeployed } from '../deployed.js'
import { findEmbedded, isAlive, readDispatcherFile } from '../locate-dispatcher.js'
import { needsDispatcher, type Service } from '../service.js'
import { removePackage } from '../registration.js'
import { readOtherStacks } from '../stack-record.js'
import { stateDirectory } from '../state-directory.js'

/** Beside AWS the stack is gone by now. */
export async function remove(context: CommandContext, beside = { aws: false }): Promise<void> {
  const { service } = context
  const { config, directory } = service
  if (beside.aws) await (await import('./lambda/clear-staging.js')).clearStagingOf(context)
  const isKnown = needsDispatcher(service) || readDeployed(service).length > 0
  if (isKnown && (config.dispatcher || (await findEmbedded(directory)))) await removeFunctions(context)
  else removeState(context)
  removePackage(directory)
}

/** The record of what ran stays with the dispatcher. */
async function removeFunctions(context: CommandContext): Promise<void> {
  const { service, output } = context
  const client = await dispatcherOf(context)
  const names = new Set([...service.functions.map(({ name }) => name), ...readDeployed(service)])
  for (const name of names) {
    if (await client.removeFunction(name)) output.log.success(`${name}: removed`)
    else output.log.notice(`${name}: was not deployed`)
  }
  writeDeployed(service, [])
}

/** Where no embedded dispatcher runs, its functions are nowhere but in its state directory. */
function removeState({ service, output }: CommandContext): void {
  const state = stateDirectory(service.directory)
  if (!existsSync(state)) {
    if (needsDispatcher(service))
      output.log.notice('No dispatcher runs for this service, and it has left nothing here.')
    return
  }
  refuseLiving(service.directory)
  const keep = reasonToKeep(service, state)
  if (keep !== undefined) return output.log.warning(`${state} stays: ${keep}`)
  output.log.notice(
    `No dispatcher runs for this service: its functions, and the record of what they did, are only in ${state}`,
  )
  rmSync(state, { recursive: true, force: true, maxRetries: 5 })
  output.log.success(`${state}: removed`)
}

function refuseLiving(serviceDirectory: string): void {
  const file = readDispatcherFile(serviceDirectory)
  if (!file || !isAlive(file.pid)) return
  throw new SpillwayError(
    'dispatcher-unreachable',
    `The dispatcher of this service (pid ${file.pid}, ${file.url}) does not answer. Wait for it or stop it, then remove again; if that process is something else, delete ${stateDirectory(serviceDirectory)}.`,
  )
}

function reasonToKeep(service: Service, state: string): string | undefined {
  const others = [...readDeployedByOthers(service), ...readOtherStacks(service)]
  if (others.length > 0)
    return `it holds ${others.join(', ')} too. Start \`serverless spillway dev\` and remove again, or remove those first.`
  const data = dataFolders(service).find((folder) => `${folder}${sep}`.startsWith(`${state}${sep}`))
  return data === undefined ? undefined : `the data folder ${data} is in it. Move it, or delete the rest by hand.`
}

const dataFolders = ({ directory, config }: Service): string[] =>
  Object.values(config.storage).flatMap(({ path }) => (path === undefined ? [] : [resolve(directory, path)]))
