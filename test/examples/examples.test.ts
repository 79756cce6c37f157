import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { parse } from 'yaml'
import { readServiceConfig } from '../../runtime/contract/service-config.js'
import { scriptVariables } from '../../runtime/contract/worker-environment.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const EXAMPLES = join(__dirname, '../../examples')
const PHOTOS = join(EXAMPLES, 'thumbnails/photos')
const PHOTO_BYTES_MAX = 3_000_000

const photos = readdirSync(PHOTOS).filter((name) => /\.(jpg|png)$/.test(name))

describe('examples', () => {
  const base = temporaryDirectory()

  /** Runs a script as the supervisor does: with the variables of the contract and nothing else. */
  async function run(script: string, inputFile: string): Promise<{ stdout: string; outputDir: string }> {
    const outputDir = join(base(), 'output')
    mkdirSync(outputDir)
    const variables = scriptVariables({
      invocation: '01900000-0000-7000-8000-000000000001',
      attempt: 1,
      functionName: 'example-dev-function',
      release: 1,
      backend: 'local',
      deadlineMs: Date.now() + 20_000,
      event: '{}',
      eventFile: join(base(), 'event.json'),
      eventTime: new Date().toISOString(),
      inputFile,
      inputDir: base(),
      outputDir,
      filesDir: EXAMPLES,
    })
    const env = { PATH: process.env.PATH, ...variables }
    const { stdout } = await promisify(execFile)(join(EXAMPLES, script), { cwd: base(), env })
    return { stdout, outputDir }
  }

  for (const name of readdirSync(EXAMPLES)) {
    it(`${name}: has a service that can be read, its script, and a README with the command`, () => {
      const text = readFileSync(join(EXAMPLES, name, 'serverless.yml'), 'utf8')
      const service = parse(text) as {
        service: string
        spillway?: unknown
        functions: Record<string, { script: string }>
      }
      assert.equal(service.service, name)
      assert.deepEqual(readServiceConfig(service.spillway).problems ?? [], [])
      for (const { script } of Object.values(service.functions))
        assert.match(readFileSync(join(EXAMPLES, name, script), 'utf8'), /^#!/)
      assert.match(readFileSync(join(EXAMPLES, name, 'README.md'), 'utf8'), /npx serverless spillway dev/)
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
