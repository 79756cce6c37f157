/** Where the dispatcher of a service is: the one that `spillway.dispatcher` names, or the embedded one that runs. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SpillwayError } from '../runtime/contract/errors.js'
import type { PluginEnvironment } from './config.js'
import { DispatcherClient } from './dispatcher-client.js'
import type { Service } from './service.js'
import { stateDirectory } from './state-directory.js'

/** What an embedded dispatcher writes beside its database while it runs. */
export interface DispatcherFile {
  url: string
  pid: number
}

/** A client of a dispatcher that answers, or the two ways to get one. */
export async function locateDispatcher(
  { config, directory }: Pick<Service, 'config' | 'directory'>,
  { token }: PluginEnvironment,
): Promise<DispatcherClient> {
  if (config.dispatcher) return new DispatcherClient({ url: config.dispatcher, ...(token ? { token } : {}) })
  const embedded = await findEmbedded(directory)
  if (embedded) return new DispatcherClient(embedded)
  throw new SpillwayError(
    'dispatcher-unreachable',
    'No dispatcher runs for this service. Start one with `serverless spillway dev`, or set `spillway.dispatcher` to the URL of yours.',
  )
}

/** The embedded dispatcher of a service, if its process lives and answers. */
export async function findEmbedded(serviceDirectory: string): Promise<DispatcherFile | undefined> {
  const file = readDispatcherFile(serviceDirectory)
  if (!file || !isAlive(file.pid)) return undefined
  return (await new DispatcherClient(file).isReady('/healthz')) ? file : undefined
}

export function readDispatcherFile(serviceDirectory: string): DispatcherFile | undefined {
  try {
    const file = JSON.parse(
      readFileSync(join(stateDirectory(serviceDirectory), 'dispatcher.json'), 'utf8'),
    ) as DispatcherFile
    return typeof file.url === 'string' && Number.isInteger(file.pid) ? file : undefined
  } catch {
    return undefined
  }
}

/** Whether a process of that id is there, ours or not. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
