/** Where on this machine files are dropped that start a function. */
import { join, resolve } from 'node:path'
import type { InputRule, OutputRule } from '../runtime/contract/function-spec.js'
import type { Service } from './service.js'

/** Absolute folders of the rules that are about a `directory` storage. */
export const dropFolders = (
  { directory, config }: Pick<Service, 'directory' | 'config'>,
  rules: readonly (InputRule | OutputRule)[],
): string[] =>
  rules.flatMap(({ storage, bucket, prefix }) => {
    const path = config.storage[storage]?.type === 'directory' ? config.storage[storage].path : undefined
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
    return path === undefined ? [] : [join(resolve(directory, path), bucket, folder)]
  })
