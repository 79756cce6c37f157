/** The objects that functions become in a cluster, as YAML for people: what is put in later is said beside it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Document, isScalar, visit, type Pair } from 'yaml'
import { preview, type Preview, type PreviewedFunction } from '../dispatcher/backends/kubernetes/preview.js'
import { SUPERVISOR_VARIABLES } from '../runtime/contract/worker-environment.js'
import { configuredBackends, type ServiceConfig } from '../runtime/contract/service-config.js'
import { OBJECTS_FOLDER } from './registration.js'
import type { Service } from './service.js'

/** Undefined for a function that is not for Kubernetes. */
export function kubernetesPreview(entry: PreviewedFunction, { backends }: ServiceConfig): Preview | undefined {
  const listed = entry.spec.backends ?? configuredBackends(backends)
  return backends.kubernetes && listed.includes('kubernetes') ? preview(entry, backends.kubernetes) : undefined
}

/** By the name of their file. */
export const objectFiles = ({ config, functions }: Pick<Service, 'config' | 'functions'>): Map<string, string> =>
  new Map(
    functions.flatMap((entry) => {
      const objects = kubernetesPreview(entry, config)
      return objects ? [[`${entry.name}.yaml`, objectsText(entry.name, objects)]] : []
    }),
  )

/** Takes the place of what an earlier package has there. */
export function writeObjects(packageDirectory: string, files: ReadonlyMap<string, string>): void {
  const folder = join(packageDirectory, OBJECTS_FOLDER)
  rmSync(folder, { recursive: true, force: true })
  if (files.size === 0) return
  mkdirSync(folder)
  for (const [name, text] of files) writeFileSync(join(folder, name), text)
}

/** What stands in place of something that only the dispatcher knows: key -> what comes there. */
const FILLED_IN: Readonly<Record<string, string>> = {
  name: "ends in the worker's id",
  'spillway/instance': 'of the dispatcher',
  'spillway/worker': 'its id',
  'spillway/release': 'its number',
  uid: 'of the Job',
  'start-token': 'good for one start of this worker',
}

export function objectsText(name: string, { job, secret, way }: Preview): string {
  const head = `# What the dispatcher makes in the cluster for each worker of ${name}; nobody has to apply it.
# Filled in when a worker starts: what is marked so, and
# - image: ${IMAGES[way]}
# - command: the loader of the dispatcher's own Node.js
# - runAsUser: unless the function names one, left out where the image's USER is a number other than 0
# - env: ${SUPERVISOR_VARIABLES.runtimeApi} is the dispatcher's URL; HOME is left to an image that has one
`
  return [head, documentText(job), '---\n', documentText(secret)].join('')
}

const IMAGES = {
  derived: 'this one with the runtime kit as one more layer, by digest; without a registry the kit comes by a volume',
  'image-volume': 'as it is; the runtime kit is mounted from its own image',
  'init-container': 'as it is; the runtime kit is copied from its own image, or mounted where the cluster can do that',
} as const

function documentText(value: object): string {
  const document = new Document(value, { aliasDuplicateObjects: false })
  visit(document, { Pair: (_, pair) => explain(pair) })
  return document.toString({ lineWidth: 0 })
}

function explain({ key, value }: Pair): void {
  const words = isScalar(key) ? FILLED_IN[String(key.value)] : undefined
  if (words !== undefined && isScalar(value) && /0{12}|^0$|^MDAw/.test(String(value.value)))
    value.comment = ` filled in: ${words}`
}
