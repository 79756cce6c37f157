import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import sharp from 'sharp'
import { buildRegistrations } from '../../plugin/registration.js'
import { EXAMPLES, readExample, runScript } from '../support/example.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const PHOTOS = join(EXAMPLES, 'thumbnails/photos')
const PHOTO_BYTES_MAX = 3_000_000

/** What is no part of what a README explains: its own name, and what running makes. */
const UNMENTIONED = ['README.md', 'package.json', 'demo.mjs', 'node_modules', '.spillway', '.serverless', 'data']

const photos = readdirSync(PHOTOS).filter((name) => /\.(jpg|png)$/.test(name))

describe('examples', () => {
  const base = temporaryDirectory()

  const run = (script: string, inputFile: string) => runScript({ script, inputFile, base: base() })

  for (const name of readdirSync(EXAMPLES)) {
    it(`${name}: can be packaged, its scripts say what runs them, and its README has the command`, () => {
      const service = readExample(name)
      assert.equal(service.service, name)
      for (const { body, spec } of buildRegistrations(service)) {
        const script = body.files.find(({ path }) => path === spec.script)
        assert.match(Buffer.from(script?.data ?? '', 'base64').toString(), /^#!/)
        assert.equal(script?.mode, 0o755)
      }
      const readme = readFileSync(join(EXAMPLES, name, 'README.md'), 'utf8')
      assert.match(readme, /npx serverless spillway dev/)
      for (const file of readdirSync(join(EXAMPLES, name)))
        if (!UNMENTIONED.includes(file))
          assert.ok(readme.includes(`${file}`), `${name}/README.md does not name ${file}`)
    })
  }

  describe('thumbnails', () => {
    it('has photographs of known origin that weigh little', () => {
      const sources = readFileSync(join(PHOTOS, 'SOURCES.md'), 'utf8')
      for (const photo of photos) assert.match(sources, new RegExp(`^\\| ${photo} `, 'm'))
      const bytes = photos.reduce((sum, photo) => sum + readFileSync(join(PHOTOS, photo)).length, 0)
      assert.ok(bytes < PHOTO_BYTES_MAX, `${bytes} bytes`)
    })

    for (const photo of photos) {
      it(`makes a thumbnail and the facts of ${photo}`, async () => {
        const input = join(PHOTOS, photo)
        const original = await sharp(input).metadata()
        const { outputDir } = await run('thumbnails/thumbnail.mjs', input)
        const name = basename(photo).replace(/\.\w+$/, '')
        assert.deepEqual(readdirSync(outputDir).sort(), [`${name}.json`, `${name}.webp`])

        const thumbnail = await sharp(join(outputDir, `${name}.webp`)).metadata()
        assert.equal(Math.max(thumbnail.width, thumbnail.height), 320)
        assert.ok(Math.abs(thumbnail.width / thumbnail.height - original.width / original.height) < 0.01)

        const { colours, ...facts } = JSON.parse(readFileSync(join(outputDir, `${name}.json`), 'utf8')) as Facts
        const content = readFileSync(input)
        const bytes = readFileSync(join(outputDir, `${name}.webp`)).length
        assert.deepEqual(facts, {
          file: photo,
          bytes: content.length,
          sha256: createHash('sha256').update(content).digest('hex'),
          format: original.format,
          width: original.width,
          height: original.height,
          thumbnail: { width: thumbnail.width, height: thumbnail.height, bytes },
        })
        assert.ok(colours.length > 0 && colours.length <= 5)
        for (const { colour, share } of colours) assert.ok(/^#[0-9a-f]{6}$/.test(colour) && share > 0 && share <= 1)
        assert.ok(colours.reduce((sum, { share }) => sum + share, 0) <= 1.01)
      })
    }

    it('finds the colours of a picture of two', async () => {
      const input = join(base(), 'two.png')
      const left = { create: { width: 40, height: 100, channels: 3 as const, background: '#ff0000' } }
      await sharp({ create: { width: 160, height: 100, channels: 3, background: '#0000ff' } })
        .composite([{ input: left, left: 0, top: 0 }])
        .png()
        .toFile(input)
      const { outputDir } = await run('thumbnails/thumbnail.mjs', input)
      const { colours, thumbnail } = JSON.parse(readFileSync(join(outputDir, 'two.json'), 'utf8')) as Facts
      assert.equal(colours[0]?.colour, '#0000ff')
      assert.ok(Math.abs(colours[0].share - 0.75) < 0.02)
      assert.equal(thumbnail.width, 160)
    })
  })

  describe('http', () => {
    const texts: [string, { lines: number; words: number; bytes: number }][] = [
      ['hello world', { lines: 0, words: 2, bytes: 11 }],
      ['', { lines: 0, words: 0, bytes: 0 }],
      ['one\ntwo  three\n', { lines: 2, words: 3, bytes: 15 }],
      ['größer $HOME `id` * \\n\n', { lines: 1, words: 5, bytes: 25 }],
    ]
    for (const [text, expected] of texts) {
      it(`counts ${JSON.stringify(text)}`, async () => {
        const input = join(base(), 'input')
        writeFileSync(input, text)
        const { stdout } = await run('http/count.sh', input)
        assert.deepEqual(JSON.parse(stdout), expected)
      })
    }
  })
})

interface Facts {
  colours: { colour: string; share: number }[]
  thumbnail: { width: number; height: number; bytes: number }
  [fact: string]: unknown
}
