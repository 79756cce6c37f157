/**
 * `serverless rollback function -f NAME --function-version VERSION` of a function on Lambda. The framework's own puts back
 * archives only. As with it, the code alone goes back; a dispatcher calls that version from now on.
 */
import { openVersions } from '../../aws/published-versions.js'
import { option, type CommandContext } from '../../context.js'
import { registerVersion } from '../deploy.js'
import { unavailable } from '../unavailable.js'

export async function rollBackFunction(context: CommandContext): Promise<void> {
  const { service, output } = context
  const entry = service.lambda?.functions.find(({ key }) => key === option(context, 'function'))
  if (!entry) return unavailable('rollback function')
  const version = option(context, 'function-version') ?? ''
  const versions = await openVersions(await context.aws().clientConfig())
  try {
    await versions.restore(entry.name, version)
  } finally {
    versions.close()
  }
  output.log.success(`${entry.name}: has the code of version ${version} again`)
  const called = service.functions.find(({ key }) => key === entry.key)
  if (entry.road === 'dispatched' && called) await registerVersion(context, called, version)
}
