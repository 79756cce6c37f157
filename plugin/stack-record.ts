/**
 * Which stages have functions of ours in a stack, as this machine remembers it: `.spillway/stacks.json`. So a function that
 * leaves Lambda is taken from there by the next `deploy`, although nothing in the configuration speaks of AWS any more.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Service } from './service.js'
import { makeStateDirectory, stateDirectory, tidyStateDirectory } from './state-directory.js'

export interface StackRecord {
  stagingBucket: string
}

type Owner = Pick<Service, 'directory' | 'service' | 'stage'>

const FILE_NAME = 'stacks.json'

export const readStack = (owner: Owner): StackRecord | undefined => readAll(owner)[stackOf(owner)]

/** Names of the stacks of other stages. */
export const readOtherStacks = (owner: Owner): string[] =>
  Object.keys(readAll(owner)).filter((name) => name !== stackOf(owner))

/** `undefined`: there is none any more. */
export function writeStack(owner: Owner, record: StackRecord | undefined): void {
  const { [stackOf(owner)]: _, ...others } = readAll(owner)
  const all = record ? { ...others, [stackOf(owner)]: record } : others
  if (Object.keys(all).length > 0)
    return writeFileSync(join(makeStateDirectory(owner.directory), FILE_NAME), `${JSON.stringify(all, undefined, 2)}\n`)
  rmSync(join(stateDirectory(owner.directory), FILE_NAME), { force: true })
  tidyStateDirectory(owner.directory)
}

const stackOf = ({ service, stage }: Owner) => `${service}-${stage}`

function readAll({ directory }: Pick<Owner, 'directory'>): Record<string, StackRecord> {
  const file = join(stateDirectory(directory), FILE_NAME)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, StackRecord>) : {}
}
