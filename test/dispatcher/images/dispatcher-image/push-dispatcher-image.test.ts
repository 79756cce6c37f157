/** The dispatcher's image, made of a small package: what is in it, and that it is the same every time. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { extract } from 'tar-stream'
import { pushDispatcherImage } from '../../../../dispatcher/images/dispatcher-image/push-dispatcher-image.js'
import type { ImageConfig, Manifest } from '../../../../dispatcher/images/manifest.js'
import { Registry } from '../../../../dispatcher/images/registry/registry.js'
import { FakeRegistry } from '../../../support/fake-registry.js'
import { smallKit } from '../../../support/small-kit.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

describe("the dispatcher's image", () => {
  const directory = temporaryDirectory()
  let fake: FakeRegistry
  beforeEach(async () => {
    fake = await FakeRegistry.start()
    for (const [name, content] of Object.entries(FILES)) write(name, content)
  })
  afterEach(() => fake.close())

  const path = (...names: string[]) => join(directory(), ...names)
  const write = (name: string, content: string) => {
    mkdirSync(dirname(path('app', name)), { recursive: true })
    writeFileSync(path('app', name), content)
  }
  const push = (to: string, cache = 'cache') =>
    pushDispatcherImage({
      to,
      packageDirectory: path('app'),
      cacheDirectory: path(cache),
      node: join(smallKit(path('kit')), 'bin/node'),
      supervisor: path('kit/supervisor.cjs'),
      credentials: [],
      now: Date.now,
    })

  it('holds the kit, the packages, this package and what a system needs', async () => {
    const pushed = await push(`${fake.host}/team/spillway`)
    assert.deepEqual([pushed.name, pushed.isNew], [`${fake.host}/team/spillway:1.2.3`, true])
    const { manifest, config, contents } = await read(fake.host, 'team/spillway', '1.2.3')
    assert.deepEqual(config.config?.Entrypoint, [
      '/opt/spillway/bin/node',
      '/usr/local/lib/spillway/dist/dispatcher/main.js',
    ])
    assert.deepEqual(config.config?.Cmd, ['serve', '--config', '/etc/spillway/dispatcher.yml'])
    assert.deepEqual([config.config?.User, config.config?.WorkingDir], ['65532:65532', '/var/lib/spillway'])
    assert.deepEqual(config.rootfs.diff_ids.length, manifest.layers.length)
    const [kit, packages, own] = contents
    assert.deepEqual(kit, [
      'opt',
      'opt/spillway',
      'opt/spillway/bin',
      'opt/spillway/bin/node',
      'opt/spillway/lib',
      'opt/spillway/lib/ld-linux.so.2',
      'opt/spillway/supervisor.cjs',
    ])
    assert.deepEqual(files(packages!), [
      'usr/local/lib/spillway/node_modules/a/index.js',
      'usr/local/lib/spillway/node_modules/a/package.json',
    ])
    for (const name of ['etc/passwd', 'etc/ssl/certs/ca-certificates.crt', 'tmp', 'var/lib/spillway', 'lib64'])
      assert.ok(own?.includes(name), name)
    assert.deepEqual(
      files(own!).filter((name) => name.startsWith('usr/local/lib')),
      [
        'usr/local/lib/spillway/LICENSE',
        'usr/local/lib/spillway/dist/dispatcher/main.js',
        'usr/local/lib/spillway/dist/runtime/supervisor.cjs',
        'usr/local/lib/spillway/package.json',
      ],
    )
  })

  it('is the same when it is built again; another is another', async () => {
    const first = await push(`${fake.host}/spillway:a`)
    utimesSync(path('app/dist/dispatcher/main.js'), 1, 1)
    const second = await push(`${fake.host}/spillway:b`, 'other cache')
    assert.equal(second.reference, first.reference)
    assert.equal((await push(`${fake.host}/spillway:a`)).isNew, false)
    write('dist/dispatcher/main.js', 'other()')
    assert.notEqual((await push(`${fake.host}/spillway:a`)).reference, first.reference)
  })

  it('is not made of a package that is not built, nor pushed to a digest', async () => {
    await assert.rejects(push(`${fake.host}/spillway@sha256:${'0'.repeat(64)}`), /has a digest. Leave that out/)
    const app = path('empty')
    mkdirSync(app)
    writeFileSync(join(app, 'package.json'), '{"version":"1.0.0"}')
    const options = {
      cacheDirectory: path('cache'),
      node: join(smallKit(path('kit')), 'bin/node'),
      supervisor: path('kit/supervisor.cjs'),
      credentials: [],
      now: Date.now,
    }
    await assert.rejects(
      pushDispatcherImage({ ...options, to: `${fake.host}/a`, packageDirectory: app }),
      /There is no dist\/dispatcher in .*: build it first/,
    )
  })
})

const FILES = {
  'package.json': '{"version":"1.2.3","dependencies":{"a":"*"}}',
  LICENSE: 'free',
  'dist/dispatcher/main.js': 'main()',
  'dist/dispatcher/main.d.ts': 'export {}',
  'dist/runtime/supervisor.cjs': 'supervise()',
  'dist/plugin/index.js': 'plugin()',
  'node_modules/a/package.json': '{"name":"a"}',
  'node_modules/a/index.js': 'a()',
  'node_modules/a/README.md': 'a',
}

const files = (names: string[]) => names.filter((name) => /\.\w+$|LICENSE/.test(name))

async function read(host: string, repository: string, tag: string) {
  const registry = new Registry({ registry: host, credentials: [], now: Date.now })
  const document = await registry.getManifest(repository, tag)
  const manifest = JSON.parse(document!.body.toString()) as Manifest
  const config = JSON.parse((await registry.readBlob(repository, manifest.config)).toString()) as ImageConfig
  const archives = await Promise.all(
    manifest.layers.map(async (layer) => gunzipSync(await registry.readBlob(repository, layer))),
  )
  const diffIds = archives.map((archive) => `sha256:${createHash('sha256').update(archive).digest('hex')}`)
  assert.deepEqual(config.rootfs.diff_ids, diffIds)
  return { manifest, config, contents: await Promise.all(archives.map(namesIn)) }
}

async function namesIn(archive: Buffer): Promise<string[]> {
  const names: string[] = []
  const reader = extract()
  reader.end(archive)
  for await (const entry of reader) {
    names.push(entry.header.name)
    entry.resume()
  }
  return names
}
