/** Names that were deployed from this directory, per dispatcher and stage: `.spillway/deployed.json`. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Service } from './service.js'
import { makeStateDirectory, stateDirectory, tidyStateDirectory } from './state-directory.js'

type Deployed = Record<string, string[]>
type Owner = Pick<Service, 'directory' | 'service' | 'stage' | 'config'>

export const readDeployed = (owner: Owner): string[] => readAll(owner.directory)[keyOf(owner)] ?? []

/** Names of other stages, and of those whose dispatcher is another one. */
export const readDeployedByOthers = (owner: Owner): string[] =>
  Object.entries(readAll(owner.directory)).flatMap(([key, names]) => (key === keyOf(owner) ? [] : names))

/** With no name left the file goes, and the folder too where nothing else is in it. */
export function writeDeployed(owner: Owner, names: string[]): void {
  const { [keyOf(owner)]: _, ...others } = readAll(owner.directory)
  const all = names.length > 0 ? { ...others, [keyOf(owner)]: [...names].sort() } : others
  if (Object.keys(all).length === 0) return forget(owner.directory)
  writeFileSync(join(makeStateDirectory(owner.directory), FILE_NAME), `${JSON.stringify(all, undefined, 2)}\n`)
}

const FILE_NAME = 'deployed.json'

function forget(serviceDirectory: string): void {
  rmSync(join(stateDirectory(serviceDirectory), FILE_NAME), { force: true })
  tidyStateDirectory(serviceDirectory)
}

/** The embedded dispatcher takes another port every time, and is the same all the same. */
const keyOf = ({ service, stage, config }: Owner) => `${service} ${stage} ${config.dispatcher ?? 'embedded'}`

function readAll(directory: string): Deployed {
  try {
    return JSON.parse(readFileSync(join(stateDirectory(directory), FILE_NAME), 'utf8')) as Deployed
  } catch {
    return {}
  }
}
