/**
 * `serverless rollback function -f NAME --function-version VERSION` of a function on Lambda. The framework's own puts back
 * archives only. As with it, the code alone goes back; a dispatcher calls that version from now on. That is asked first:
 * where it does not know the function, nothing changes at AWS either.
 */
import { openVersions } from '../../aws/published-versions.js'
import { dispatcherOf, option, type CommandContext } from '../../context.js'
import type { DispatcherClient } from '../../dispatcher-client.js'
import { registerVersion } from '../deploy.js'
import { unavailable } from '../unavailable.js'

export async function rollBackFunction(context: CommandContext): Promise<void> {
  const { service, output } = context
  const entry = service.lambda?.functions.find(({ key }) => key === option(context, 'function'))
  if (!entry) return unavailable('rollback function')
  const version = option(context, 'function-version') ?? ''
  const called = entry.road === 'dispatched' ? await calledBy(await dispatcherOf(context), entry.name) : undefined
  const versions = await openVersions(await context.aws().clientConfig())
  try {
    await versions.restore(entry.name, version)
  } finally {
    versions.close()
  }
  output.log.success(`${entry.name}: has the code of version ${version} again`)
  if (called) await registerVersion(context, called, version)
}

const calledBy = async (client: DispatcherClient, name: string) => ({ client, deployed: await client.function(name) })
