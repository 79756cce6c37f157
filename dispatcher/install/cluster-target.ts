/** The cluster of a kubeconfig's context, by server-side apply: https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
import type { KubeConfig, KubernetesObject, KubernetesObjectApi } from '@kubernetes/client-node'
import { asError, SpillwayError } from '../../runtime/contract/errors.js'
import type { Manifest } from './manifest.js'
import { formatKey, keyOf, type Found, type ObjectKey, type Target } from './target.js'

const FIELD_MANAGER = 'spillway-install'

/** Undefined: the current context. */
export async function openTarget(context: string | undefined): Promise<Target> {
  const kubernetes = await import('@kubernetes/client-node')
  const config = new kubernetes.KubeConfig()
  config.loadFromDefault()
  if (context !== undefined) choose(config, context)
  return new ClusterTarget(
    kubernetes.KubernetesObjectApi.makeApiClient(config),
    kubernetes.PatchStrategy.ServerSideApply,
  )
}

function choose(config: KubeConfig, context: string): void {
  const known = config.getContexts().map(({ name }) => name)
  if (!known.includes(context))
    throw new SpillwayError(
      'invalid-configuration',
      `--context must be a context of your kubeconfig, got ${context}; it has ${known.join(', ') || 'none'}.`,
    )
  config.setCurrentContext(context)
}

class ClusterTarget implements Target {
  readonly #api: KubernetesObjectApi
  readonly #serverSideApply: Parameters<KubernetesObjectApi['patch']>[5]

  constructor(api: KubernetesObjectApi, serverSideApply: Parameters<KubernetesObjectApi['patch']>[5]) {
    this.#api = api
    this.#serverSideApply = serverSideApply
  }

  read(key: ObjectKey): Promise<Found | undefined> {
    return unlessMissing(asked(formatKey(key), () => this.#api.read(headOf(key)) as Promise<Found>))
  }

  apply(manifest: Manifest, dry: boolean): Promise<Found> {
    const apply = () =>
      this.#api.patch(manifest, undefined, dry ? 'All' : undefined, FIELD_MANAGER, true, this.#serverSideApply)
    return asked(formatKey(keyOf(manifest)), apply as () => Promise<Found>)
  }

  async remove(key: ObjectKey, dry: boolean): Promise<void> {
    const remove = () =>
      this.#api.delete(headOf(key), undefined, dry ? 'All' : undefined, undefined, undefined, 'Background')
    await unlessMissing(asked(formatKey(key), remove))
  }

  async list({ apiVersion, kind, namespace }: Omit<ObjectKey, 'name'>, selector?: string): Promise<Found[]> {
    const list = async () => {
      const answer = await this.#api.list(
        apiVersion,
        kind,
        namespace,
        undefined,
        undefined,
        undefined,
        undefined,
        selector,
      )
      return answer.items.map((item) => ({ ...item, apiVersion, kind }) as Found)
    }
    return (await unlessMissing(asked(`${kind} objects`, list))) ?? []
  }
}

const headOf = ({
  apiVersion,
  kind,
  name,
  namespace,
}: ObjectKey): KubernetesObject & { metadata: { name: string; namespace: string } } => ({
  apiVersion,
  kind,
  // Of a cluster-wide object it is not looked at; the library's type wants it nevertheless.
  metadata: { name, namespace: namespace ?? 'default' },
})

class Missing extends Error {}

const unlessMissing = <T>(answer: Promise<T>): Promise<T | undefined> =>
  answer.catch((thrown: unknown) => {
    if (thrown instanceof Missing) return undefined
    throw thrown
  })

/** The server's own words, and what they were about. */
async function asked<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (thrown) {
    const { code, body } = thrown as { code?: number; body?: string }
    if (code === 404) throw new Missing(what)
    if (code === undefined)
      throw new SpillwayError('backend-unavailable', `The cluster cannot be reached: ${asError(thrown).message}`)
    throw new SpillwayError('invalid-configuration', `The cluster refuses ${what} (${code}): ${messageOf(body)}`)
  }
}

function messageOf(body: string | undefined): string {
  try {
    return (JSON.parse(body ?? '') as { message?: string }).message ?? String(body)
  } catch {
    return String(body)
  }
}
