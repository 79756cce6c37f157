/** The runtime kit: this very node, started the way a container starts it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildKit, parseLdd } from '../../../dispatcher/images/kit.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

describe('the runtime kit', function () {
  const directory = temporaryDirectory()

  it('reads which libraries a program is linked with', () => {
    const glibc = `\tlinux-vdso.so.1 (0x00007ffd1)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f3)
\tlibodd.so => not found
\t/lib64/ld-linux-x86-64.so.2 (0x00007f39)\n`
    assert.deepEqual(parseLdd(glibc), ['/lib/x86_64-linux-gnu/libc.so.6', '/lib64/ld-linux-x86-64.so.2'])
    const musl = '\t/lib/ld-musl-x86_64.so.1 (0x7f)\n\tlibstdc++.so.6 => /usr/lib/libstdc++.so.6 (0x7f)\n'
    assert.deepEqual(parseLdd(musl), ['/lib/ld-musl-x86_64.so.1', '/usr/lib/libstdc++.so.6'])
    assert.deepEqual(parseLdd('\tstatically linked\n'), [])
  })

  it('is laid out once, readable for everyone, and starts with nothing of the machine but its own loader', async function () {
    if (process.platform !== 'linux') return this.skip()
    const supervisor = join(directory(), 'supervisor.cjs')
    const parts = { node: process.execPath, supervisor, parent: join(directory(), 'kit') }
    writeFileSync(supervisor, 'process.stdout.write(process.version)', { mode: 0o600 })
    const kit = await buildKit(parts)
    const lib = join(kit.directory, 'lib')
    const words = ['--library-path', lib, join(kit.directory, 'bin/node'), join(kit.directory, 'supervisor.cjs')]
    assert.equal(execFileSync(join(lib, kit.loader), words, { encoding: 'utf8', env: {} }), process.version)
    const modes = readdirSync(kit.directory, { recursive: true }).map(
      (name) => statSync(join(kit.directory, String(name))).mode,
    )
    assert.ok(modes.every((mode) => (mode & 0o5) === 0o5))
    assert.deepEqual(await buildKit(parts), kit)
    writeFileSync(supervisor, 'process.stdout.write("newer")')
    const newer = await buildKit(parts)
    assert.notEqual(newer.directory, kit.directory)
    assert.deepEqual(
      readdirSync(parts.parent).map((name) => join(parts.parent, name)),
      [newer.directory],
    )
  })
})
