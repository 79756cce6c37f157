/** The dispatcher's own file as it will stand in the cluster. */
import { readFileSync } from 'node:fs'
import { parse as parseYaml } from 'yaml'
import { asError, SpillwayError } from '../../runtime/contract/errors.js'
import { PORT, serviceUrl, type DispatcherFile, type InstallPlan } from './plan.js'

export const STATE_DIRECTORY = '/var/lib/spillway'
export const CONFIG_FILE = '/etc/spillway/dispatcher.yml'

export function readDispatcherFile(path: string | undefined): DispatcherFile {
  if (path === undefined) return {}
  const value = parse(path)
  if (value === null || value === undefined) return {}
  if (typeof value === 'object' && !Array.isArray(value)) return value
  throw new SpillwayError(
    'invalid-configuration',
    `${path} must hold the keys of a dispatcher, as docs/dispatcher.md lists them.`,
  )
}

function parse(path: string): DispatcherFile | null {
  try {
    return parseYaml(readFileSync(path, 'utf8')) as DispatcherFile | null
  } catch (thrown) {
    throw new SpillwayError('invalid-configuration', `${path} cannot be read: ${asError(thrown).message}`)
  }
}

/** What the user wrote, and what only the installation knows: where it listens, keeps its files and is reached. */
export function completeFile(
  written: DispatcherFile,
  plan: Pick<InstallPlan, 'name' | 'namespace' | 'workers' | 'image'>,
): DispatcherFile {
  const { kubernetes, ...others } = written.backends ?? {}
  return {
    ...written,
    listen: `0.0.0.0:${PORT}`,
    stateDirectory: STATE_DIRECTORY,
    backends: {
      ...others,
      kubernetes: {
        dispatcherUrl: serviceUrl(plan),
        kitImage: plan.image,
        ...kubernetes,
        namespace: plan.workers,
      },
    },
  }
}
