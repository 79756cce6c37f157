/** The files of an installed package that a program needs: not its documentation, its tests, or forms for other systems. */
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { LayerFile } from '../layer.js'
import type { Platform } from './packages.js'

/** For people, editors, and builds; of AWS's packages Node.js takes `dist-cjs`. */
const FOLDERS =
  /^(node_modules|\.[^/]+|tests?|__tests__|docs?|examples?|bench(marks?)?|coverage|dist-es|dist-types|src\/test)\//
const ENDINGS = /\.([cm]?ts|map|md|markdown|flow|tsbuildinfo|bare)$/i
const LICENCES = /(^|\/)(licen[cs]e|notice|copying)[^/]*$/i

/** Programs for each platform in a folder of its own. */
const PREBUILT = /^prebuilds\/([^/]+)\//

export interface PackageFiles {
  /** On this machine. */
  directory: string
  /** In the image. */
  place: string
  platform: Platform
}

export async function filesOfPackage({ directory, place, platform }: PackageFiles): Promise<LayerFile[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => isNeeded(path, platform))
    .map((path) => ({ path: join(place, path), file: join(directory, path) }))
}

/** Licences go along with what they are for. */
export function isNeeded(path: string, { os, cpu }: Platform): boolean {
  const prebuilt = PREBUILT.exec(path)?.[1]
  if (prebuilt !== undefined && !prebuilt.startsWith(`${os}-${cpu}`)) return false
  return LICENCES.test(path) ? !path.startsWith('node_modules/') : !FOLDERS.test(path) && !ENDINGS.test(path)
}
