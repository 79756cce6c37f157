/** The credentials of storages: from the environment or from files that it names, never from the configuration itself. */
import { readFileSync } from 'node:fs'
import { asError } from '../runtime/contract/errors.js'
import type { Problem } from '../runtime/contract/problem.js'
import type { StorageConfig, StorageKeys } from '../runtime/contract/service-config.js'

export interface KeysReading {
  /** By name of the storage; without an entry, the storage has none. */
  keys: Record<string, StorageKeys>
  problems: Problem[]
}

type Environment = Readonly<Record<string, string | undefined>>

export function readStorageKeys(
  storages: Readonly<Record<string, StorageConfig>>,
  environment: Environment,
): KeysReading {
  const reading: KeysReading = { keys: {}, problems: [] }
  for (const [name, { type }] of Object.entries(storages)) {
    if (type === 'directory') continue
    const prefix = `SPILLWAY_STORAGE_${name.toUpperCase().replaceAll('-', '_')}`
    const [accessKey, secretKey, sessionToken] = ['ACCESS_KEY', 'SECRET_KEY', 'SESSION_TOKEN'].map((word) =>
      valueOf(`${prefix}_${word}`, environment, reading.problems),
    )
    if (accessKey && secretKey) reading.keys[name] = { accessKey, secretKey, ...(sessionToken ? { sessionToken } : {}) }
    else if (type === 'minio' || accessKey || secretKey) reading.problems.push(missing({ name, prefix, accessKey }))
  }
  return reading
}

const missing = ({ name, prefix, accessKey }: { name: string; prefix: string; accessKey: string | undefined }) => ({
  path: `storage.${name}`,
  expected: `needs its keys from the environment; ${prefix}_${accessKey ? 'SECRET' : 'ACCESS'}_KEY is not set`,
  fix: `Set ${prefix}_ACCESS_KEY and ${prefix}_SECRET_KEY, or the same names with _FILE.`,
})

/** Of NAME, or the content of the file that NAME_FILE names. */
function valueOf(name: string, environment: Environment, problems: Problem[]): string | undefined {
  const file = environment[`${name}_FILE`]
  if (file === undefined) return environment[name]
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (thrown) {
    problems.push({ path: `${name}_FILE`, expected: `must name a file that can be read (${asError(thrown).message})` })
    return undefined
  }
}
