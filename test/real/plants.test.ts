/** The iris part of the plants example through a real dispatcher, with scikit-learn: train a model, classify with it. */
import assert from 'node:assert/strict'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dispatchers, type DispatcherProcess } from '../support/dispatcher-process.js'
import { deployExample, EXAMPLES } from '../support/example.js'
import { likelySpecies, sameModel, SPECIES_OF_FLOWERS } from '../support/iris.js'
import { pythonLacks } from '../support/python.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const IRIS = join(EXAMPLES, 'plants/iris')
const PATH = `${join(process.env.SPILLWAY_CACHE ?? '', 'python', 'bin')}:${process.env.PATH ?? ''}`

describe('the plants example with scikit-learn', function () {
  this.timeout(90_000)
  const start = dispatchers(temporaryDirectory())

  before(function () {
    const lack = pythonLacks('sklearn', { ...process.env, PATH })
    if (lack === undefined) return
    process.stdout.write(`    skipped: ${lack}\n`)
    this.skip()
  })

  it('trains the model that lies in the example, and tells the species of flowers', async () => {
    const dispatcher = await start({ environment: { PATH } })
    await deployExample(dispatcher, 'plants', ['train', 'classify-iris'])
    cpSync(join(IRIS, 'iris.csv'), dispatcher.path('iris', 'datasets', 'iris.csv'))
    cpSync(join(IRIS, 'flowers.csv'), dispatcher.path('iris', 'flowers', 'flowers.csv'))
    await allSucceed(dispatcher, 2)
    sameModel(readFileSync(dispatcher.path('iris', 'models', 'iris.model.json'), 'utf8'))
    const species = readFileSync(dispatcher.path('iris', 'species', 'flowers.json'), 'utf8')
    assert.deepEqual(likelySpecies(species), SPECIES_OF_FLOWERS)
  })
})

/** A failure shows the log of the script. */
async function allSucceed(dispatcher: DispatcherProcess, count: number): Promise<void> {
  for (const { id, state } of await dispatcher.allEnded(count, 60_000)) {
    const log = await dispatcher.call<string>('GET', `/v1/invocations/${id}/log`)
    assert.equal(state, 'succeeded', log.body)
  }
}
