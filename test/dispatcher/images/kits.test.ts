/** Kits: for which architectures there is one, and how to get another. */
import assert from 'node:assert/strict'
import { chmodSync, cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyKit } from '../../../dispatcher/images/copy-kit.js'
import { programArchitecture } from '../../../dispatcher/images/elf.js'
import type { Architecture } from '../../../dispatcher/images/image-facts.js'
import { buildKit } from '../../../dispatcher/images/kit.js'
import { KIT_DIRECTORY, kitCommand } from '../../../dispatcher/images/kit-command.js'
import { filesOfKit } from '../../../dispatcher/images/kit-files.js'
import { Kits } from '../../../dispatcher/images/kits.js'
import { LayerStore } from '../../../dispatcher/images/layer-store.js'
import { programFor, smallKit } from '../../support/small-kit.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

describe('kits', () => {
  const directory = temporaryDirectory()
  const path = (...names: string[]) => join(directory(), ...names)
  const kitsWith = (kits: Partial<Record<Architecture, string>>, node = path('node')) =>
    new Kits({ node, supervisor: path('supervisor.cjs'), kits, cacheDirectory: path('cache') })
  const optionsOf = (node: string) => ({
    node,
    supervisor: path('supervisor.cjs'),
    cacheDirectory: path('cache'),
    credentials: [],
    now: Date.now,
  })
  beforeEach(() => {
    writeFileSync(path('node'), programFor('x86_64'))
    writeFileSync(path('supervisor.cjs'), 'process.exit()')
  })

  it('start by one command line, wherever they are', () => {
    const words = ['/opt/spillway/lib/ld.so', '--library-path', '/opt/spillway/lib', '/opt/spillway/bin/node']
    assert.deepEqual(kitCommand('ld.so'), [...words, '--v8-pool-size=1', '/opt/spillway/supervisor.cjs'])
    assert.equal(kitCommand('ld.so', '/kit')[0], '/kit/lib/ld.so')
    assert.equal(KIT_DIRECTORY, '/opt/spillway')
  })

  it('are known by the kind of their program', async () => {
    assert.equal(await programArchitecture(path('node')), 'x86_64')
    writeFileSync(path('arm'), programFor('arm64'))
    assert.equal(await programArchitecture(path('arm')), 'arm64')
    assert.equal(await programArchitecture(path('supervisor.cjs')), undefined)
  })

  it('for another architecture are brought along, and checked', async () => {
    const arm64 = smallKit(path('arm64'), 'arm64')
    assert.deepEqual(await kitsWith({ arm64 }).of('arm64'), { directory: arm64, loader: 'ld-linux.so.2' })
    await assert.rejects(kitsWith({ arm64: smallKit(path('x86'), 'x86_64') }).of('arm64'), {
      code: 'invalid-configuration',
      message:
        /^kits.arm64 must name one with a runtime kit for arm64, got .*x86, which is for x86_64\. On a Linux machine of arm64 run `npx spillway image kit DIR`/,
    })
    await assert.rejects(kitsWith({ arm64: path('none') }).of('arm64'), /got .*none, which holds none/)
  })

  it('are refused where there is none, with how to get one', async () => {
    await assert.rejects(kitsWith({}).of('arm64'), {
      code: 'not-available',
      message:
        'There is no runtime kit for arm64; this machine is x86_64. On a Linux machine of arm64 run `npx spillway image kit DIR`, copy DIR here, and name it as kits.arm64; for Kubernetes, run `npx spillway image push REGISTRY/NAME` there, and name what it prints as kitImages.arm64.',
    })
  })

  it('are not made of what is no program, or cannot move', async () => {
    writeFileSync(path('shim'), '#!/bin/sh\nexec node "$@"\n')
    chmodSync(path('shim'), 0o755)
    await assert.rejects(kitsWith({}, path('shim')).of('x86_64'), {
      code: 'not-available',
      message:
        /There is no runtime kit for x86_64; the Node.js of this machine, .*shim, is no program of Linux\. On a Linux machine of x86_64 run/,
    })
    chmodSync(path('node'), 0o755)
    await assert.rejects(
      kitsWith({}).of('x86_64'),
      /cannot be taken along into containers: (ldd does not say|it names no loader)/,
    )
  })

  it("are taken as they are where Node.js is part of one, as in the dispatcher's own image", async () => {
    const kit = smallKit(path('own'))
    const parts = { node: join(kit, 'bin/node'), supervisor: path('supervisor.cjs'), parent: path('kits') }
    assert.deepEqual(await buildKit(parts), { directory: kit, loader: 'ld-linux.so.2' })
    assert.ok(!existsSync(parts.parent))
  })

  it('can be carried to another machine', async () => {
    const kit = smallKit(path('own'))
    assert.equal(await copyKit(optionsOf(join(kit, 'bin/node')), path('copy')), 'x86_64')
    assert.deepEqual(readFileSync(path('copy', 'bin/node')), readFileSync(join(kit, 'bin/node')))
    await assert.rejects(
      copyKit(optionsOf(join(kit, 'bin/node')), path('copy')),
      /must be a directory that is not there yet/,
    )
  })

  it('become a layer once; another kit of the architecture replaces it', async () => {
    const layerOf = (name: string, architecture: Architecture = 'x86_64') =>
      new LayerStore(path('layers')).ofKit({
        kit: { directory: path(name), loader: 'ld-linux.so.2' },
        architecture,
        supervisor: path('supervisor.cjs'),
      })
    smallKit(path('a'))
    const first = await layerOf('a')
    writeFileSync(first.file, Buffer.alloc(first.size))
    assert.deepEqual(await layerOf('a'), first, 'it was not made again')
    writeFileSync(first.file, '')
    const again = await layerOf('a')
    assert.deepEqual([again, readFileSync(again.file).length], [first, first.size], 'half of one is none')
    smallKit(path('arm'), 'arm64')
    const arm = await layerOf('arm', 'arm64')
    cpSync(path('a'), path('b'), { recursive: true })
    writeFileSync(path('b', 'lib/libc.so'), '')
    const other = await layerOf('b')
    assert.notEqual(other.diffId, first.diffId)
    assert.deepEqual([existsSync(first.file), existsSync(other.file), existsSync(arm.file)], [false, true, true])
  })

  it('are open to every user of an image, and have the supervisor of this version', async () => {
    const kit = { directory: smallKit(path('kit')), loader: 'ld-linux.so.2' }
    const files = await filesOfKit(kit, path('supervisor.cjs'))
    assert.deepEqual(
      files.map(({ path, mode }) => [path, mode]),
      ['bin/node', 'lib/ld-linux.so.2', 'supervisor.cjs'].map((name) => [`/opt/spillway/${name}`, 0o755]),
    )
    assert.equal(files.at(-1)?.file, path('supervisor.cjs'))
  })
})
