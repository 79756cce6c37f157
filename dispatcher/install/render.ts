/** The same objects as files: a base for Kustomize, https://kubectl.docs.kubernetes.io/references/kustomize/ */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Manifest } from './manifest.js'
import { manifests } from './manifests.js'
import { namesOf, type InstallPlan } from './plan.js'

/** Writes one file per object; answers their names. The Secret is left out: what is in it does not belong into files. */
export function render(plan: InstallPlan, directory: string): string[] {
  mkdirSync(directory, { recursive: true })
  const objects = manifests(plan)
  const names = objects.map(fileName)
  objects.forEach((object, index) => writeFileSync(join(directory, names[index]!), stringify(object)))
  writeFileSync(join(directory, 'kustomization.yaml'), kustomization(plan, names))
  return ['kustomization.yaml', ...names]
}

const fileName = ({ kind, metadata }: Manifest): string => `${kind!.toLowerCase()}-${metadata!.name!}.yaml`

function kustomization(plan: InstallPlan, resources: string[]): string {
  const text = stringify({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources })
  return `# The Deployment also wants the Secret ${namesOf(plan).secret} in namespace ${plan.namespace}, with SPILLWAY_WORKER_SECRET,\n# SPILLWAY_TOKENS_USER, SPILLWAY_TOKENS_EVENTS and the keys of the storages.\n${text}`
}
