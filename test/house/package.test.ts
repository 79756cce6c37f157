/** What is published: all that is needed, and nothing else. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { formatBytes } from '../../runtime/contract/units.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { REPOSITORY } from './sources.js'

interface Packed {
  size: number
  unpackedSize: number
  files: { path: string }[]
}

interface Manifest {
  main: string
  bin: Record<string, string>
  exports: Record<string, string | Record<string, string>>
  scripts: Record<string, string>
}

const KINDS = [
  /^(LICENSE|README\.md|package\.json)$/,
  /^docs\/[\w-]+\.(md|svg|png)$/,
  /^dist\/plugin\/index\.js$/,
  /^dist\/runtime\/supervisor\.cjs$/,
  /^dist\/(dispatcher|runtime\/(contract|events))\/.+\.js$/,
  /^dist\/dispatcher\/database\/migrations\/[a-z]+\/\d{4}\.sql$/,
  /^dist\/(schema\.json|types\.d\.ts)$/,
  /^dist\/kustomize\/[a-z-]+\.ya?ml$/,
]
const PACKED_BYTES_MAX = 800_000

describe('the package', function () {
  this.timeout(30_000)
  const directory = temporaryDirectory()
  const manifest = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as Manifest
  let packed: Packed
  let paths: string[]

  before(() => {
    const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: REPOSITORY,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    packed = (JSON.parse(output) as [Packed])[0]
    paths = packed.files.map(({ path }) => path)
  })

  it('has what is needed', () => {
    const migrations = readdirSync(join(REPOSITORY, 'dispatcher/database/migrations'), {
      recursive: true,
      encoding: 'utf8',
    }).filter((name) => name.endsWith('.sql'))
    const needed = [
      'LICENSE',
      'README.md',
      'dist/runtime/supervisor.cjs',
      'dist/kustomize/kustomization.yaml',
      'dist/kustomize/dispatcher.yml',
      ...migrations.map((name) => `dist/dispatcher/database/migrations/${name}`),
      ...readdirSync(join(REPOSITORY, 'docs'))
        .filter((name) => name.endsWith('.md'))
        .map((name) => `docs/${name}`),
      ...named(manifest),
    ]
    assert.deepEqual(
      needed.filter((path) => !paths.includes(path)),
      [],
    )
  })

  it('has nothing else: no tests, no sources, no examples', () => {
    assert.deepEqual(
      paths.filter((path) => !KINDS.some((kind) => kind.test(path))),
      [],
    )
  })

  it('has the base for Kustomize that `spillway install --render` writes', () => {
    const built = join(REPOSITORY, 'dist/kustomize')
    const words = ['install', '--image', 'spillway', '--render', directory()]
    execFileSync(process.execPath, [join(REPOSITORY, manifest.bin.spillway!), ...words])
    const names = readdirSync(directory()).toSorted()
    assert.ok(names.includes('deployment-spillway.yaml'))
    assert.deepEqual(readdirSync(built).toSorted(), names)
    for (const name of names)
      assert.equal(readFileSync(join(built, name), 'utf8'), readFileSync(join(directory(), name), 'utf8'), name)
  })

  it('is small', () => {
    process.stdout.write(
      `      ${paths.length} files, ${formatBytes(packed.size)} packed, ${formatBytes(packed.unpackedSize)} unpacked\n`,
    )
    assert.ok(packed.size < PACKED_BYTES_MAX, `${packed.size} bytes`)
  })

  it('runs nothing when it is installed', () => {
    const hooks = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish', 'preprepare', 'postprepare']
    assert.deepEqual(
      Object.keys(manifest.scripts).filter((name) => hooks.includes(name)),
      [],
    )
    assert.ok(!existsSync(join(REPOSITORY, 'binding.gyp')))
  })

  it('has a program that a shell can start', () => {
    for (const path of Object.values(manifest.bin)) {
      assert.match(readFileSync(join(REPOSITORY, path), 'utf8'), /^#!\/usr\/bin\/env node\n/)
      assert.equal(statSync(join(REPOSITORY, path)).mode & 0o111, 0o111, '`npx spillway` works in a checkout too')
    }
  })
})

/** Every file that the manifest names. */
const named = ({ main, bin, exports }: Manifest): string[] =>
  [
    main,
    ...Object.values(bin),
    ...Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? entry : Object.values(entry))),
  ].map((path) => path.replace(/^\.\//, ''))
