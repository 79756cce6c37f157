/** Puts a dispatcher on a cluster, or brings the one that is there to what is wanted now. */
import { checkedConfig } from '../config.js'
import type { Manifest } from './manifest.js'
import { manifests } from './manifests.js'
import { labelsOf } from './labels.js'
import { namesOf, type InstallPlan } from './plan.js'
import { readSecretObject, secretsFor } from './secrets.js'
import { formatKey, keyOf, type Found, type Target } from './target.js'

export interface Install {
  plan: InstallPlan
  target: Target
  environment: Readonly<Record<string, string | undefined>>
  /** The server checks everything and keeps nothing. */
  dryRun: boolean
  /** Told what became of each object. */
  say(line: string): void
}

export async function install({ plan, target, environment, dryRun, say }: Install): Promise<void> {
  const before = await target.read({
    apiVersion: 'v1',
    kind: 'Secret',
    name: namesOf(plan).secret,
    namespace: plan.namespace,
  })
  const secrets = secretsFor(environment, readSecretObject(before?.data))
  // A mistake in the file is to show here, and not as a pod that does not start.
  checkedConfig(plan.file, secrets)
  const missing = await missingNamespaces(plan, target)
  for (const manifest of manifests(plan, secrets)) {
    if (await isForeignNamespace(manifest, plan, target)) {
      say(`${formatKey(keyOf(manifest))}: is there already, and left as it is`)
      continue
    }
    // The server cannot check what would lie in a namespace that is not there.
    if (dryRun && missing.has(manifest.metadata?.namespace ?? ''))
      say(`${formatKey(keyOf(manifest))}: would be created`)
    else say(await applyOne(manifest, target, dryRun))
  }
}

async function applyOne(manifest: Manifest, target: Target, dryRun: boolean): Promise<string> {
  const key = keyOf(manifest)
  const before = await target.read(key)
  const after = await target.apply(manifest, dryRun)
  return `${formatKey(key)}: ${outcome(before, after, dryRun)}`
}

function outcome(before: Found | undefined, after: Found, dryRun: boolean): string {
  const would = dryRun ? 'would be ' : ''
  if (!before) return `${would}created`
  const changed = dryRun
    ? JSON.stringify(comparable(before)) !== JSON.stringify(comparable(after))
    : before.metadata?.resourceVersion !== after.metadata?.resourceVersion
  return changed ? `${would}changed` : 'as it was'
}

/** Without what every write changes. */
function comparable(found: Found): unknown {
  const metadata = { ...found.metadata, managedFields: undefined, resourceVersion: undefined, generation: undefined }
  return { ...found, metadata, status: undefined }
}

async function missingNamespaces({ namespace, workers }: InstallPlan, target: Target): Promise<Set<string>> {
  const missing = new Set<string>()
  for (const name of [namespace, workers])
    if (!(await target.read({ apiVersion: 'v1', kind: 'Namespace', name }))) missing.add(name)
  return missing
}

/** A namespace that somebody else made keeps its labels. */
async function isForeignNamespace(manifest: Manifest, plan: InstallPlan, target: Target): Promise<boolean> {
  if (manifest.kind !== 'Namespace') return false
  const found = await target.read(keyOf(manifest))
  const labels = found?.metadata?.labels ?? {}
  return found !== undefined && Object.entries(labelsOf(plan)).some(([key, value]) => labels[key] !== value)
}
