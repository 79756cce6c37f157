/** Layers: the same content, the same bytes. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createReadStream, readFileSync, utimesSync, writeFileSync, chmodSync } from 'node:fs'
import { join } from 'node:path'
import { createGunzip, gunzipSync } from 'node:zlib'
import { extract, type Header } from 'tar-stream'
import { writeLayer, type LayerFile } from '../../../dispatcher/images/layer.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

const sha256 = (content: Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`

async function entriesOf(file: string): Promise<{ header: Header; content: string }[]> {
  const entries = []
  for await (const entry of createReadStream(file)
    .pipe(createGunzip())
    .pipe(extract() as unknown as NodeJS.WritableStream) as unknown as AsyncIterable<
    AsyncIterable<Buffer> & { header: Header }
  >) {
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk)
    entries.push({ header: entry.header, content: Buffer.concat(chunks).toString() })
  }
  return entries
}

describe('a layer', () => {
  const directory = temporaryDirectory()
  const path = (name: string) => join(directory(), name)
  const files = (): LayerFile[] => [
    { path: '/opt/spillway/bin/node', file: path('node'), mode: 0o755 },
    { path: '/opt/spillway/a.txt', content: 'hello' },
    { path: '/opt/spillway/link', link: 'a.txt' },
    { path: '/var/lib/spillway', owner: 65532, mode: 0o750 },
    { path: `/opt/${'ü'.repeat(100)}/empty`, content: '' },
  ]
  beforeEach(() => writeFileSync(path('node'), Buffer.alloc(1_000_000, 'node')))

  it('holds what it is given, parents first, of nobody and of no time', async () => {
    const layer = await writeLayer(files(), path('layer'))
    const entries = await entriesOf(layer.file)
    const long = `opt/${'ü'.repeat(100)}`
    assert.deepEqual(
      entries.map(({ header: { name, type, mode, uid } }) => [name, type, mode.toString(8), uid]),
      [
        ['opt', 'directory', '755', 0],
        ['opt/spillway', 'directory', '755', 0],
        ['opt/spillway/a.txt', 'file', '644', 0],
        ['opt/spillway/bin', 'directory', '755', 0],
        ['opt/spillway/bin/node', 'file', '755', 0],
        ['opt/spillway/link', 'symlink', '777', 0],
        [long, 'directory', '755', 0],
        [`${long}/empty`, 'file', '644', 0],
        ['var', 'directory', '755', 0],
        ['var/lib', 'directory', '755', 0],
        ['var/lib/spillway', 'directory', '750', 65532],
      ],
    )
    assert.ok(entries.every(({ header: { mtime, uname } }) => mtime.getTime() === 0 && uname === ''))
    assert.equal(entries[2]?.content, 'hello')
    assert.equal(entries[5]?.header.linkname, 'a.txt')
    assert.equal(entries[4]?.content.length, 1_000_000)
  })

  it('is called by the digests of its bytes, packed and unpacked', async () => {
    const { digest, diffId, size, file } = await writeLayer(files(), path('layer'))
    const packed = readFileSync(file)
    assert.deepEqual([digest, diffId, size], [sha256(packed), sha256(gunzipSync(packed)), packed.length])
  })

  it('is the same in whatever order, at whatever time, and whosever files they were', async () => {
    const first = await writeLayer(files(), path('first'))
    utimesSync(path('node'), 1, 1)
    chmodSync(path('node'), 0o600)
    const second = await writeLayer(files().reverse(), path('second'))
    assert.deepEqual({ ...second, file: '' }, { ...first, file: '' })
    const other = await writeLayer([...files(), { path: '/b', content: '' }], path('third'))
    assert.notEqual(other.diffId, first.diffId)
  })

  it('takes absolute paths only', async () => {
    for (const wrong of ['a', '/', '/a/', '/a//b', '/a/../b', '/./a', ''])
      await assert.rejects(writeLayer([{ path: wrong, content: '' }], path('layer')), /absolute paths/, wrong)
    await writeLayer(
      [
        { path: '/...', content: '' },
        { path: '/.a', content: '' },
      ],
      path('layer'),
    )
  })

  it('fails when a file is not there', async () => {
    await assert.rejects(writeLayer([{ path: '/a', file: path('none') }], path('layer')), { code: 'ENOENT' })
  })
})
