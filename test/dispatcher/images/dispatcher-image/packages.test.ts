/** The packages of the dispatcher's image: found as they are installed, placed so that each finds its own. */
import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { placePackages, type Placed } from '../../../../dispatcher/images/dispatcher-image/packages.js'
import { isNeeded } from '../../../../dispatcher/images/dispatcher-image/package-files.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

const PLATFORM = { os: 'linux', cpu: 'x64', libc: 'gnu' } as const

describe('the packages of an image', () => {
  const directory = temporaryDirectory()
  const root = () => join(directory(), 'app')
  const install = (place: string, manifest: Record<string, unknown> = {}) => {
    mkdirSync(join(root(), place), { recursive: true })
    writeFileSync(join(root(), place, 'package.json'), JSON.stringify(manifest))
  }
  const needs = (...names: string[]) => Object.fromEntries(names.map((name) => [name, '*']))
  const placed = () => placePackages(root(), PLATFORM)
  const places = () => placed().map(({ place }) => place)

  it('are those that are needed at run time, by whatever way, and no others', () => {
    install('', {
      dependencies: needs('a', '@s/b'),
      devDependencies: needs('dev'),
      peerDependencies: needs('framework'),
    })
    install('node_modules/a', {
      dependencies: needs('c'),
      peerDependencies: needs('peer', 'odd'),
      peerDependenciesMeta: { odd: { optional: true } },
    })
    install('node_modules/@s/b', { optionalDependencies: needs('there', 'not-there') })
    for (const name of ['c', 'there', 'peer', 'odd', 'dev', 'framework', 'stray']) install(`node_modules/${name}`)
    assert.deepEqual(
      places(),
      ['@s/b', 'a', 'c', 'peer', 'there'].map((name) => `node_modules/${name}`),
    )
  })

  it('keep two versions apart', () => {
    install('', { dependencies: needs('a', 'b', 'c') })
    install('node_modules/a', { dependencies: needs('c') })
    install('node_modules/b', { dependencies: needs('c', 'd') })
    install('node_modules/d', { dependencies: needs('c') })
    install('node_modules/c')
    install('node_modules/b/node_modules/c')
    assert.deepEqual(
      placed().map(({ directory, place }) => [place, directory.slice(root().length + 1)]),
      [
        ['node_modules/a', 'node_modules/a'],
        ['node_modules/b', 'node_modules/b'],
        ['node_modules/b/node_modules/c', 'node_modules/b/node_modules/c'],
        ['node_modules/c', 'node_modules/c'],
        ['node_modules/d', 'node_modules/d'],
      ],
    )
  })

  it('are for one platform', () => {
    install('', { optionalDependencies: needs('@x/linux-x64-gnu', '@x/linux-x64-musl', '@x/linux-arm64', '@x/darwin') })
    install('node_modules/@x/linux-x64-gnu', { name: '@x/linux-x64-gnu', os: ['linux'], cpu: ['x64'] })
    install('node_modules/@x/linux-x64-musl', { name: '@x/linux-x64-musl', os: ['linux'], cpu: ['x64'] })
    install('node_modules/@x/linux-arm64', { os: ['linux'], cpu: ['arm64'] })
    install('node_modules/@x/darwin', { os: ['darwin'] })
    assert.deepEqual(places(), ['node_modules/@x/linux-x64-gnu'])
  })

  it('must be there', () => {
    install('', { dependencies: needs('a') })
    install('node_modules/a', { dependencies: needs('b') })
    assert.throws(placed, {
      code: 'not-available',
      message: /The package b is not installed, and .*\/a needs it. Run `npm install`/,
    })
  })

  it('find in their places what they found where they are installed, whatever needs whatever', () => {
    const ids = Array.from({ length: 8 }, (_, at) => at)
    /** Two versions of four packages; each may need one version of each other. */
    const graph = fc.array(fc.uniqueArray(fc.constantFrom(...ids), { selector: (id) => id % 4, maxLength: 3 }), {
      minLength: 9,
      maxLength: 9,
    })
    let run = 0
    fc.assert(
      fc.property(graph, (needed) => {
        const top = join(directory(), `run-${++run}`)
        const store = (id: number) => join(top, 'store', String(id), 'node_modules', `p${id % 4}`)
        const write = (at: string, list: number[], links: string) => {
          mkdirSync(at, { recursive: true })
          writeFileSync(
            join(at, 'package.json'),
            JSON.stringify({ dependencies: needs(...list.map((id) => `p${id % 4}`)) }),
          )
          for (const id of list) {
            const link = join(links, `p${id % 4}`)
            mkdirSync(dirname(link), { recursive: true })
            if (link !== at) symlinkSync(store(id), link)
          }
        }
        const others = (id: number) => needed[id]!.filter((other) => other % 4 !== id % 4)
        for (const id of ids) write(store(id), others(id), dirname(store(id)))
        write(top, needed[8]!, join(top, 'node_modules'))
        const all = placePackages(top, PLATFORM)
        const idOf = new Map(ids.map((id) => [store(id), id]))
        assert.equal(all.filter(({ isHome }) => isHome).length, new Set(all.map(({ directory }) => directory)).size)
        assert.ok(needed[8]!.every((id) => resolve(all, '', `p${id % 4}`) === store(id)))
        for (const { directory, place } of all.filter(({ isHome }) => isHome))
          for (const other of others(idOf.get(directory)!))
            assert.equal(resolve(all, place, `p${other % 4}`), store(other), `${place} needs p${other % 4}`)
      }),
      { numRuns: 25 },
    )
  })
})

/** As Node.js would find it in the image, where a link leads to the one place of a package. */
function resolve(all: readonly Placed[], from: string, name: string): string | undefined {
  for (let at = from; ; at = dirname(at) === '.' ? '' : dirname(at)) {
    const found = all.find(({ place }) => place === join(at, 'node_modules', name))
    if (found || at === '') return found?.directory
  }
}

describe('the files of a package', () => {
  it('are those of programs, for the platform, with their licences', () => {
    const taken = [
      'index.js',
      'dist/doc/a.js',
      'lib/index.cjs',
      'static/logo.svg',
      'package.json',
      'LICENSE',
      'LICENSE.md',
      'prebuilds/linux-x64/a.node',
      'test.js',
    ]
    const left = [
      'index.d.ts',
      'index.d.mts',
      'index.js.map',
      'README.md',
      'test/a.js',
      'docs/a.html',
      '.github/a.yml',
      'node_modules/b/index.js',
      'node_modules/b/LICENSE',
      'dist-es/index.js',
      'dist-types/index.js',
      'src/index.ts',
      'prebuilds/darwin-arm64/a.node',
      'prebuilds/linux-arm64/a.node',
    ]
    assert.deepEqual(
      taken.filter((path) => !isNeeded(path, PLATFORM)),
      [],
    )
    assert.deepEqual(
      left.filter((path) => isNeeded(path, PLATFORM)),
      [],
    )
  })
})
