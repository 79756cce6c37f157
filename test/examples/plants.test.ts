/** The plants example: its scripts as they run in an image, and with the Python of this machine. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXAMPLES, runScript } from '../support/example.js'
import { plantsImage, PHOTOGRAPH, PHOTOGRAPHED } from '../support/plants-image.js'
import { likelySpecies, sameModel, SPECIES_OF_FLOWERS } from '../support/iris.js'
import { pythonLacks } from '../support/python.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const FLOWERS = join(EXAMPLES, 'plants/iris/flowers.csv')
const DATASET = join(EXAMPLES, 'plants/iris/iris.csv')

/** A test that is skipped, and counted, with the reason in its name. */
const itWith = (lack: string | undefined) => (title: string, test: Mocha.AsyncFunc) =>
  lack === undefined ? it(title, test) : it.skip(`${title} (skipped: ${lack})`, test)

const withPython = itWith(pythonLacks('json'))
const withScikitLearn = itWith(pythonLacks('sklearn'))

describe('the plants example', function () {
  this.timeout(60_000)
  const base = temporaryDirectory()

  withPython('classifies a photograph with what is in the image, here a stand-in for it', async () => {
    const image = standIn(base())
    const photograph = join(base(), 'a rose.jpg')
    writeFileSync(photograph, PHOTOGRAPH)
    const { outputDir } = await runScript({
      script: 'plants/classify.sh',
      inputFile: photograph,
      base: base(),
      environment: image,
    })
    assert.deepEqual(JSON.parse(readFileSync(join(outputDir, 'a rose.jpg.json'), 'utf8')), PHOTOGRAPHED)
  })

  withPython('fails with the predictor', async () => {
    const image = standIn(base())
    const run = { script: 'plants/classify.sh', inputFile: join(base(), 'rose.jpg'), base: base() }
    await assert.rejects(runScript({ ...run, environment: { ...image, PLANTS_HOME: '/nowhere' } }), { code: 1 })
  })

  withPython('tells the species of measured flowers, with plain Python', async () => {
    const { stdout, outputDir } = await runScript({
      script: 'plants/iris/classify.py',
      inputFile: FLOWERS,
      base: base(),
    })
    assert.equal(stdout, `3 flowers: ${SPECIES_OF_FLOWERS.join(', ')}\n`)
    assert.deepEqual(likelySpecies(readFileSync(join(outputDir, 'flowers.json'), 'utf8')), SPECIES_OF_FLOWERS)
  })

  withPython('knows nearly every flower of the dataset', async () => {
    const { outputDir } = await runScript({ script: 'plants/iris/classify.py', inputFile: DATASET, base: base() })
    const measured = readFileSync(DATASET, 'utf8').trim().split('\n').slice(1)
    const likely = likelySpecies(readFileSync(join(outputDir, 'iris.json'), 'utf8'))
    const right = measured.filter((line, index) => line.endsWith(`,${likely[index]}`)).length
    assert.equal(measured.length, 150)
    assert.ok(right >= 144, `${right} of ${measured.length}`)
  })

  withScikitLearn('trains the very model that lies in the example', async () => {
    const { outputDir } = await runScript({ script: 'plants/iris/train.py', inputFile: DATASET, base: base() })
    sameModel(readFileSync(join(outputDir, 'iris.model.json'), 'utf8'))
  })

  withPython('says in one line what to install for training', async () => {
    mkdirSync(join(base(), 'sklearn'))
    writeFileSync(join(base(), 'sklearn/__init__.py'), 'raise ImportError("as if it were not there")\n')
    const run = { script: 'plants/iris/train.py', inputFile: DATASET, base: base() }
    await assert.rejects(runScript({ ...run, environment: { PYTHONPATH: base() } }), {
      code: 1,
      stderr: /^train\.py needs scikit-learn: run `python3 -m pip install scikit-learn`.*\n$/,
    })
  })
})

/** The stand-in on this machine, as variables that lead there. */
function standIn(base: string): Record<string, string> {
  const home = join(base, 'image')
  plantsImage(home, join(home, 'bin'))
  return { PLANTS_HOME: home, PYTHONPATH: home, PATH: `${join(home, 'bin')}:${process.env.PATH}` }
}
