/** Images as deploying needs them: with the credentials of the framework for Amazon ECR, and a cache of this user. */
import { join, resolve } from 'node:path'
import { credentialsFromEnvironment } from '../../dispatcher/images/credentials/from-environment.js'
import { ecrProvider } from '../../dispatcher/images/credentials/ecr.js'
import { openAwsEcr } from '../../dispatcher/images/credentials/open-aws-ecr.js'
import type { Images } from '../../dispatcher/images/images.js'
import { openImages } from '../../dispatcher/images/open-images.js'
import type { CommandContext } from '../context.js'
import { programPath } from '../program-path.js'

/** The caller closes them. */
export function openServiceImages(context: CommandContext): Images {
  const { service, environment } = context
  const { kits = {}, insecureRegistries = [] } = service.config.backends.lambda ?? {}
  const now = () => Date.now()
  return openImages({
    cacheDirectory: join(environment.cacheDirectory, 'images'),
    supervisor: programPath('runtime', 'supervisor.cjs'),
    node: process.execPath,
    kits: Object.fromEntries(Object.entries(kits).map(([name, path]) => [name, resolve(service.directory, path)])),
    credentials: [
      ecrProvider({ open: async (region) => openAwsEcr(region, await context.aws().clientConfig()), now }),
      ...credentialsFromEnvironment(environment.registries, now),
    ],
    insecureRegistries,
    now,
  })
}
