/** Who is asked for credentials: variables of our own, then AWS, then what `docker login` keeps. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { askHelper } from './credential-helper.js'
import type { CredentialProvider, Credentials } from './credentials.js'
import { entryFor, parseDockerConfig, type DockerConfig } from './docker-config.js'
import { ecrProvider } from './ecr.js'
import { openAwsEcr } from './open-aws-ecr.js'

type Environment = Readonly<Record<string, string | undefined>>

export const credentialsFromEnvironment = (environment: Environment, now: () => number): CredentialProvider[] => [
  variables(environment),
  ecrProvider({ open: (region) => openAwsEcr(region), now }),
  dockerProvider(environment),
]

/** `registry.example.org:5000` -> `SPILLWAY_REGISTRY_REGISTRY_EXAMPLE_ORG_5000` */
export const variableOf = (registry: string): string =>
  `SPILLWAY_REGISTRY_${registry.replace(/[^A-Za-z0-9]/g, '_').toUpperCase()}`

const variables = (environment: Environment): CredentialProvider => ({
  credentialsFor: (registry) => Promise.resolve(fromVariables(environment, variableOf(registry))),
})

function fromVariables(environment: Environment, prefix: string): Credentials | undefined {
  const [username, password] = [environment[`${prefix}_USERNAME`], environment[`${prefix}_PASSWORD`]]
  if (!username && !password) return undefined
  if (username && password) return { username, password }
  throw new SpillwayError('invalid-configuration', `${prefix}_USERNAME and ${prefix}_PASSWORD must both be set.`)
}

/** Read again for every question: a mounted secret may change. */
const dockerProvider = (environment: Environment): CredentialProvider => ({
  async credentialsFor(registry, signal) {
    for (const file of configFiles(environment)) {
      const config = await readConfig(file)
      const entry = config && entryFor(config, registry)
      if (entry && 'credentials' in entry) return entry.credentials
      if (entry) return askHelper({ ...entry, environment, signal })
    }
    return undefined
  },
})

/** https://docs.docker.com/reference/cli/docker/#environment-variables, https://man.archlinux.org/man/containers-auth.json.5 */
function configFiles({ REGISTRY_AUTH_FILE, DOCKER_CONFIG, XDG_RUNTIME_DIR, HOME }: Environment): string[] {
  return [
    REGISTRY_AUTH_FILE,
    DOCKER_CONFIG ? join(DOCKER_CONFIG, 'config.json') : HOME && join(HOME, '.docker/config.json'),
    XDG_RUNTIME_DIR && join(XDG_RUNTIME_DIR, 'containers/auth.json'),
  ].filter((path) => path !== undefined && path !== '') as string[]
}

async function readConfig(file: string): Promise<DockerConfig | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw new SpillwayError('invalid-configuration', `${file} must be readable: ${error.message}.`)
  })
  return text === undefined ? undefined : parseDockerConfig(text, file)
}
