/**
 * The packages that a package needs at run time, as they are installed, and a place for each of them in an image from
 * which it finds what it needs. Whatever tool installed them, and whatever links it made.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SpillwayError } from '../../../runtime/contract/errors.js'

export interface Placed {
  /** On this machine. */
  directory: string
  /** Below the package itself, e.g. `node_modules/a/node_modules/b`. */
  place: string
  /** It lies there; elsewhere are links to it. */
  isHome: boolean
}

interface PackageManifest {
  name?: string
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
  os?: string[]
  cpu?: string[]
}

export interface Platform {
  /** As Node.js calls them: `linux`, `x64`. */
  os: string
  cpu: string
  libc: 'gnu' | 'musl'
}

/**
 * Those of one package all find a place before those that they need themselves: no later one can come in between. Each
 * is in one place, so that packages which need each other in several versions come to an end.
 */
export function placePackages(root: string, platform: Platform): Placed[] {
  const places = new Map<string, string>()
  const homes = new Set<string>()
  const all: Placed[] = [{ directory: root, place: '', isHome: true }]
  for (const from of all)
    for (const name of from.isHome ? neededBy(from, root) : []) {
      const directory = find(name.name, from.directory)
      if (directory === undefined && !name.optional) throw notInstalled(name.name, from.directory)
      if (directory === undefined || !isFor(readManifest(directory), platform)) continue
      const seen = lookUp(places, from.place, name.name)
      if (seen !== undefined && places.get(seen) === directory) continue
      const place = join(seen === undefined ? '' : from.place, 'node_modules', name.name)
      places.set(place, directory)
      all.push({ directory, place, isHome: !homes.has(directory) })
      homes.add(directory)
    }
  return all.slice(1).sort((a, b) => (a.place < b.place ? -1 : 1))
}

interface Needed {
  name: string
  optional: boolean
}

/** What a package wants of whoever uses it counts too, but not for the package itself: there it is a framework. */
function neededBy({ directory }: Placed, root: string): Needed[] {
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = readManifest(directory)
  const peers = directory === root ? [] : Object.keys(peerDependencies ?? {})
  const needed = new Map<string, boolean>([
    ...peers.filter((name) => !peerDependenciesMeta?.[name]?.optional).map((name): [string, boolean] => [name, true]),
    ...Object.keys(dependencies ?? {}).map((name): [string, boolean] => [name, false]),
    ...Object.keys(optionalDependencies ?? {}).map((name): [string, boolean] => [name, true]),
  ])
  return [...needed].map(([name, optional]) => ({ name, optional })).sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** As Node.js looks for it: https://nodejs.org/api/modules.html#loading-from-node_modules-folders */
function find(name: string, from: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const candidate = join(at, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate)
    if (at === dirname(at)) return undefined
  }
}

/** The same way through the places. */
function lookUp(places: ReadonlyMap<string, string>, from: string, name: string): string | undefined {
  const parts = from === '' ? [] : from.split(/(?:^|\/)node_modules\//).slice(1)
  const candidates = parts.map((_, depth) => parts.slice(0, parts.length - depth))
  return [...candidates, []]
    .map((above) => [...above, name].map((part) => `node_modules/${part}`).join('/'))
    .find((place) => places.has(place))
}

/** Of programs for several platforms only one is needed. */
function isFor({ name = '', os, cpu }: PackageManifest, platform: Platform): boolean {
  const isOther = (list: string[] | undefined, own: string) => list !== undefined && !list.includes(own)
  if (isOther(os, platform.os) || isOther(cpu, platform.cpu)) return false
  return !(platform.libc === 'gnu' ? /-musl$/ : /-gnu$/).test(name)
}

const readManifest = (directory: string) =>
  JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as PackageManifest

const notInstalled = (name: string, by: string) =>
  new SpillwayError('not-available', `The package ${name} is not installed, and ${by} needs it. Run \`npm install\`.`)
