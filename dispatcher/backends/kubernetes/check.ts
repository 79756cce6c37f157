/** What can be told of a spec before anything runs. Pure. */
import { specFor, type FunctionSpec } from '../../../runtime/contract/function-spec.js'
import { parseSecretPlace } from './pod/secret-place.js'

/** Why Kubernetes cannot run it at all; undefined when it can. */
export function refusalOf(spec: FunctionSpec): string | undefined {
  const own = specFor(spec, 'kubernetes')
  if (!own.image) return 'kubernetes runs nothing without an image'
  const misplaced = own.secrets.filter(({ from }) => !parseSecretPlace(from)).map(({ from }) => JSON.stringify(from))
  if (misplaced.length > 0)
    return `kubernetes takes secrets from NAME/KEY, a key of a Secret in the namespace of the workers, and not from ${misplaced.join(', ')}`
  return undefined
}
