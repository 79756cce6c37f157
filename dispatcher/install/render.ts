/** The same objects as files: a base for Kustomize, https://kubectl.docs.kubernetes.io/references/kustomize/ */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Manifest } from './manifest.js'
import { manifests } from './manifests.js'
import { namesOf, type InstallPlan } from './plan.js'

/**
 * Writes one file per object; answers their names. The Secret is left out: what is in it does not belong into files. The
 * ConfigMap is for Kustomize to make out of the dispatcher's file, so that a change of it starts the pod anew.
 */
export function render(plan: InstallPlan, directory: string): string[] {
  const files = filesOf(plan)
  mkdirSync(directory, { recursive: true })
  for (const [name, text] of files) writeFileSync(join(directory, name), text)
  return [...files.keys()]
}

function filesOf(plan: InstallPlan): Map<string, string> {
  const objects = manifests(plan)
  const resources = objects.filter(({ kind }) => kind !== 'ConfigMap')
  const configs = objects.filter(({ kind }) => kind === 'ConfigMap')
  const data = Object.assign({}, ...configs.map((config) => config.data)) as Record<string, string>
  return new Map([
    ['kustomization.yaml', kustomization(plan, resources.map(fileName), configs)],
    ...resources.map((object): [string, string] => [fileName(object), stringify(object)]),
    ...Object.entries(data),
  ])
}

const fileName = ({ kind, metadata }: Manifest): string => `${kind!.toLowerCase()}-${metadata!.name!}.yaml`

function kustomization(plan: InstallPlan, resources: string[], configs: readonly Manifest[]): string {
  const text = stringify({
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources,
    configMapGenerator: configs.map(({ metadata, data }) => ({
      name: metadata!.name,
      namespace: metadata!.namespace,
      options: { labels: metadata!.labels },
      files: Object.keys(data as object),
    })),
  })
  return `# The Deployment also wants the Secret ${namesOf(plan).secret} in namespace ${plan.namespace}, with SPILLWAY_WORKER_SECRET,\n# SPILLWAY_TOKENS_USER, SPILLWAY_TOKENS_EVENTS and the keys of the storages.\n${text}`
}
