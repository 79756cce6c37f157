/**
 * `serverless rollback function -f NAME --function-version VERSION` of a function on Lambda. The framework's own puts back
 * archives only. As with it, the code alone goes back; a dispatcher calls that version from now on. That is asked first:
 * where it does not know the function, or not how to keep the files of a release, nothing changes at AWS either.
 */
import type { FunctionDetails } from '../../../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { openVersions } from '../../aws/published-versions.js'
import { dispatcherOf, option, type CommandContext } from '../../context.js'
import type { DispatcherClient } from '../../dispatcher-client.js'
import { registerVersion } from '../deploy.js'
import { unavailable } from '../unavailable.js'

interface Called {
  client: DispatcherClient
  deployed: FunctionDetails
}

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

/** Has tried with what is registered already, which makes no release. */
async function calledBy(client: DispatcherClient, name: string): Promise<Called> {
  const deployed = await client.function(name)
  try {
    await client.putFunction(name, { spec: deployed.spec, files: [], filesOf: deployed.release })
  } catch (error) {
    if (!(error instanceof SpillwayError && error.code === 'invalid-request')) throw error
    throw new SpillwayError(
      'not-available',
      `The dispatcher at ${client.url} is older than this plugin and cannot keep the files of release ${deployed.release} of ${name} (it says: ${error.message}). Nothing was changed. Update the dispatcher to the version of serverless-spillway that is installed here, then run this command again.`,
      {},
      { cause: error },
    )
  }
  return { client, deployed }
}
