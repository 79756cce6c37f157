/** As whom a container runs, so that Pod Security "restricted" takes it wherever the image allows that. Pure. */
import type { V1SecurityContext } from '@kubernetes/client-node'
import type { FunctionSpec } from '../../../../runtime/contract/function-spec.js'

/** Who runs an image that names root or nobody. */
export const DEFAULT_USER = 1000

export interface RunAs {
  /** Undefined: the image's own user. */
  user?: number
  allowRoot: boolean
}

/** What Kubernetes cannot run as it stands, with the way out; or as whom it runs. `user` is the image's USER, undefined = unknown. */
export function runAs(spec: FunctionSpec, user: string | undefined): RunAs | { refusal: string } {
  const { runAsUser, allowRoot = false } = spec.kubernetes ?? {}
  if (runAsUser !== undefined) return { user: runAsUser, allowRoot }
  if (allowRoot) return { allowRoot }
  const name = (user ?? '').split(':')[0]!.trim()
  if (name === '' || name === 'root' || /^0+$/.test(name)) return { user: DEFAULT_USER, allowRoot }
  if (/^[0-9]+$/.test(name)) return { allowRoot }
  return {
    refusal: `the image ${spec.image} runs as the user ${JSON.stringify(name)}, and Kubernetes cannot tell from a name that it is not root; write the user's number: kubernetes: {runAsUser: ${DEFAULT_USER}}`,
  }
}

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted */
export const securityContext = ({ user, allowRoot }: RunAs): V1SecurityContext => ({
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
  ...(allowRoot ? {} : { runAsNonRoot: true }),
  ...(user === undefined ? {} : { runAsUser: user }),
})
