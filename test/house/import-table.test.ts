/** Who may import whom: arrows go down, and never in a circle. Type imports count. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY, sources, type Source } from './sources.js'

interface Room {
  /** A file lies in the first room that has it. */
  has: RegExp
  mayImport: RegExp[]
  /** Packages beside the built-in modules; absent = any. */
  packages?: RegExp
}

const CONTRACT = /^runtime\/contract\//
const EVENTS = /^runtime\/events\//
const BACKEND = /^dispatcher\/backends\/(call-)?backend\.ts$/
/** What several back-ends have in common. */
const SHARED = /^dispatcher\/backends\/(plan|steering)\.ts$/
const DATABASE = /^dispatcher\/database\/(database|shared)\.ts$/
const STORAGE = /^dispatcher\/storage\/(object-store|stores)\.ts$/
const IMAGES = /^dispatcher\/images\//
const ROUTER = /^dispatcher\/router\//
const WORK = /^dispatcher\/(calls|intake|outcomes|releases|replicas|routing|wiring|workers)\/|^dispatcher\/[a-z-]+\.ts$/
const ANY = /^(runtime\/(contract|events)|dispatcher)\//

/** Within its own folder a file may import what it likes; what stands here is beside that. */
const ROOMS: Record<string, Room> = {
  'runtime/contract': {
    has: CONTRACT,
    mayImport: [],
    packages: /^(@sinclair\/typebox|ajv|fastest-levenshtein|picomatch)$/,
  },
  'runtime/events': { has: EVENTS, mayImport: [CONTRACT], packages: /^$/ },
  'runtime/supervisor': { has: /^runtime\/supervisor\//, mayImport: [CONTRACT, EVENTS], packages: /^$/ },
  open: { has: /^dispatcher\/((main|serve)\.ts$|commands\/)|^dispatcher\/[a-z]+\/open\.ts$/, mayImport: [ANY] },
  /** A program of its own: a dispatcher for one run, and a client of it. */
  'dispatcher/run-once': { has: /^dispatcher\/run-once\//, mayImport: [CONTRACT, /^dispatcher\/(config|serve)\.ts$/] },
  'dispatcher/install': {
    has: /^dispatcher\/install\//,
    mayImport: [CONTRACT, /^dispatcher\/config\.ts$/, /^dispatcher\/backends\/kubernetes\/names\.ts$/],
  },
  'dispatcher/storage': { has: /^dispatcher\/storage\//, mayImport: [CONTRACT] },
  'dispatcher/database': { has: /^dispatcher\/database\//, mayImport: [CONTRACT] },
  'dispatcher/images': { has: IMAGES, mayImport: [CONTRACT] },
  'dispatcher/backends/backend': { has: BACKEND, mayImport: [CONTRACT], packages: /^$/ },
  'dispatcher/backends/X': { has: /^dispatcher\/backends\//, mayImport: [CONTRACT, IMAGES, BACKEND, SHARED] },
  'dispatcher/router': { has: ROUTER, mayImport: [CONTRACT, BACKEND], packages: /^$/ },
  'dispatcher/simulator': { has: /^dispatcher\/simulator\//, mayImport: [CONTRACT, BACKEND, ROUTER] },
  'dispatcher/http': {
    has: /^dispatcher\/http\//,
    mayImport: [CONTRACT, EVENTS, BACKEND, DATABASE, STORAGE, ROUTER, WORK],
  },
  'dispatcher/intake, calls, outcomes, releases, routing, workers': {
    has: WORK,
    mayImport: [CONTRACT, EVENTS, BACKEND, DATABASE, STORAGE, ROUTER, WORK],
  },
  plugin: {
    has: /^plugin\//,
    mayImport: [CONTRACT, EVENTS, IMAGES, /^dispatcher\/backends\/[a-z]+\/(compile\/[a-z-]+|limits|preview)\.ts$/],
  },
}

describe('the import table', () => {
  const all = sources()

  it('has a room for every file', () => {
    assert.deepEqual(
      all.filter(({ path }) => !roomOf(path)).map(({ path }) => path),
      [],
    )
  })

  it('is kept', () => {
    const breaches = all.flatMap((source) =>
      source.own.filter((to) => !mayImport(source.path, to)).map((to) => `${source.path} -> ${to}`),
    )
    assert.deepEqual(breaches, [])
  })

  it('keeps packages out of where none belong', () => {
    const breaches = all.flatMap(({ path, foreign }) => {
      const packages = ROOMS[roomOf(path)!]?.packages
      return foreign
        .filter((name) => packages && !name.startsWith('node:') && !packages.test(name))
        .map((name) => `${path} -> ${name}`)
    })
    assert.deepEqual(breaches, [])
  })

  it('names files that are there', () => {
    const missing = all.flatMap(({ path, own }) =>
      own.filter((to) => !existsSync(join(REPOSITORY, to))).map((to) => `${path} -> ${to}`),
    )
    assert.deepEqual(missing, [])
  })

  it('has no circles', () => {
    assert.deepEqual(findCircle(all), undefined)
  })

  it('would find a circle', () => {
    const source = (path: string, ...own: string[]): Source => ({ path, own, code: '', foreign: [] })
    assert.deepEqual(findCircle([source('a', 'b'), source('b', 'c', 'd'), source('c'), source('d', 'b')]), [
      'b',
      'd',
      'b',
    ])
  })
})

const roomOf = (path: string): string | undefined => Object.entries(ROOMS).find(([, { has }]) => has.test(path))?.[0]

function mayImport(from: string, to: string): boolean {
  const room = roomOf(from)
  if (room === undefined) return true
  const isOwn =
    roomOf(to) === room && (room !== 'dispatcher/backends/X' || folderOfBackend(from) === folderOfBackend(to))
  return isOwn || ROOMS[room]!.mayImport.some((pattern) => pattern.test(to))
}

const folderOfBackend = (path: string) => path.split('/')[2]

/** The first chain of imports that comes back to itself. */
function findCircle(all: readonly Source[]): string[] | undefined {
  const imports = new Map(all.map(({ path, own }) => [path, own]))
  const done = new Set<string>()
  const walk = (path: string, way: string[]): string[] | undefined => {
    const seen = way.indexOf(path)
    if (seen >= 0) return [...way.slice(seen), path]
    if (done.has(path)) return undefined
    for (const next of imports.get(path) ?? []) {
      const circle = walk(next, [...way, path])
      if (circle) return circle
    }
    done.add(path)
    return undefined
  }
  for (const { path } of all) {
    const circle = walk(path, [])
    if (circle) return circle
  }
  return undefined
}
