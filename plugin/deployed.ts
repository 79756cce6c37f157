/** Names that were deployed from this directory, per dispatcher and stage: `.spillway/deployed.json`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stateDirectory } from './locate-dispatcher.js'
import type { Service } from './read-service.js'

type Deployed = Record<string, string[]>
type Owner = Pick<Service, 'directory' | 'service' | 'stage' | 'config'>

export const readDeployed = (owner: Owner): string[] => readAll(owner.directory)[keyOf(owner)] ?? []

export function writeDeployed(owner: Owner, names: string[]): void {
  const { [keyOf(owner)]: _, ...others } = readAll(owner.directory)
  const all = names.length > 0 ? { ...others, [keyOf(owner)]: [...names].sort() } : others
  mkdirSync(stateDirectory(owner.directory), { recursive: true })
  writeFileSync(fileOf(owner.directory), `${JSON.stringify(all, undefined, 2)}\n`)
}

/** The embedded dispatcher takes another port every time, and is the same all the same. */
const keyOf = ({ service, stage, config }: Owner) => `${service} ${stage} ${config.dispatcher ?? 'embedded'}`

const fileOf = (directory: string) => join(stateDirectory(directory), 'deployed.json')

function readAll(directory: string): Deployed {
  try {
    return JSON.parse(readFileSync(fileOf(directory), 'utf8')) as Deployed
  } catch {
    return {}
  }
}
