/** The plants example: its scripts as they run in an image, and with the Python of this machine. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXAMPLES, runScript } from '../support/example.js'
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
    writeFileSync(photograph, 'not really')
    const { outputDir } = await runScript({
      script: 'plants/classify.sh',
      inputFile: photograph,
      base: base(),
      environment: image,
    })
    assert.deepEqual(JSON.parse(readFileSync(join(outputDir, 'a rose.jpg.json'), 'utf8')), [
      { species: 'Rosa canina', probability: 0.75 },
      { species: 'Bellis perennis', probability: 0.25 },
    ])
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

/** What `predict.py` finds in the image: `python2`, the package, its facts and names; as variables that lead there. */
function standIn(base: string): Record<string, string> {
  const home = join(base, 'image')
  const file = (path: string, text: string) => {
    mkdirSync(join(home, path, '..'), { recursive: true })
    writeFileSync(join(home, path), text)
  }
  file('bin/python2', '#!/bin/sh\nexec python3 "$@"\n')
  chmodSync(join(home, 'bin/python2'), 0o755)
  file('plant_classification/__init__.py', '')
  file('plant_classification/model_utils.py', 'def load_model(weights, output_dim):\n    return weights, output_dim\n')
  file('plant_classification/my_utils.py', PREDICTION)
  const training = { augmentation_params: { mean_RGB: [1, 2, 3] }, training_params: { output_dim: 3 } }
  file('plant_classification/training_info/resnet50_6182classes_100epochs.json', JSON.stringify(training))
  file('data/data_splits/synsets.txt', 'Bellis perennis\nRosa canina\nUrtica dioica\n')
  return { PLANTS_HOME: home, PYTHONPATH: home, PATH: `${join(home, 'bin')}:${process.env.PATH}` }
}

const PREDICTION = `
def single_prediction(network, im_list, aug_params):
    weights, output_dim = network
    assert weights.endswith("training_weights/resnet50_6182classes_100epochs.npz") and output_dim == 3
    assert len(im_list) == 1 and open(im_list[0]).read() == "not really" and aug_params == {"mean_RGB": [1, 2, 3]}
    return [1, 0], [0.75, 0.25]
`
