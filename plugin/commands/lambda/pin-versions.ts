/** After the stack: each function that a dispatcher calls is registered with the version of its code that was published. */
import { asError } from '../../../runtime/contract/errors.js'
import { openVersions, type PublishedVersions } from '../../aws/published-versions.js'
import type { CommandContext } from '../../context.js'
import type { Registration } from '../../registration.js'
import type { Output } from '../../serverless.js'

export async function pinVersions(
  registrations: readonly Registration[],
  { service, aws, output }: CommandContext,
): Promise<Registration[]> {
  const called = service.lambda?.functions.filter(({ road }) => road === 'dispatched').map(({ name }) => name) ?? []
  if (!registrations.some(({ name }) => called.includes(name))) return [...registrations]
  const versions = await openVersions(await aws().clientConfig())
  try {
    return await Promise.all(
      registrations.map((entry) => (called.includes(entry.name) ? pin(entry, versions, output) : entry)),
    )
  } finally {
    versions.close()
  }
}

/** One that was configured stays. A function without a version runs its newest code, whatever release the work is of. */
async function pin(entry: Registration, versions: PublishedVersions, output: Output): Promise<Registration> {
  if (entry.spec.lambda?.qualifier !== undefined) return entry
  try {
    const qualifier = await versions.newestOf(entry.name)
    return qualifier === undefined ? entry : withQualifier(entry, qualifier)
  } catch (thrown) {
    output.log.warning(
      `${entry.name}: after the next deploy, waiting work runs the new code: ${asError(thrown).message}`,
    )
    return entry
  }
}

function withQualifier(entry: Registration, qualifier: string): Registration {
  const { spec, body } = entry
  return { ...entry, body: { ...body, spec: { ...spec, lambda: { ...spec.lambda, qualifier } } } }
}
