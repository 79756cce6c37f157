/** The plants example on the cluster: its functions as they are, in images that the tests make. */
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { copyService, OSLS4, runCli } from '../../support/cli.js'
import { pythonRoot } from '../../support/containers/python-root.js'
import type { DispatcherProcess } from '../../support/dispatcher-process.js'
import { EXAMPLES } from '../../support/example.js'
import { likelySpecies, sameModel, SPECIES_OF_FLOWERS } from '../../support/iris.js'
import { TOKEN } from '../../support/kubernetes-workbench.js'
import { PHOTOGRAPH, PHOTOGRAPHED, plantsImage } from '../../support/plants-image.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'
import { CACHE } from '../cache.js'
import { testCluster, testNamespace } from '../cluster/test-cluster.js'
import { workbench } from './workbench.js'

/** With scikit-learn in it, see test/real/install.ts. */
const PYTHON = join(CACHE, 'python')
const IRIS = join(EXAMPLES, 'plants/iris')
/** Where the example says that the image has its things. */
const HOME = '/srv/plant-classification-theano'

interface Example {
  spillway: Record<string, unknown>
  functions: Record<string, Record<string, unknown>>
}

describe('the plants example on a cluster', function () {
  this.timeout(240_000)
  const cluster = testCluster()
  const namespace = testNamespace(cluster)
  const bench = workbench(cluster, namespace)
  const directory = temporaryDirectory()

  before(function () {
    if (existsSync(PYTHON)) return
    process.stdout.write('    skipped: there is no scikit-learn for the image\n')
    this.skip()
  })

  /** The storage of the dispatcher is its own; the scripts, files and rules are those of the example. */
  async function deploy(dispatcher: DispatcherProcess): Promise<void> {
    const image = await bench().image(
      'plants',
      (root) => (pythonRoot(root, PYTHON), plantsImage(join(root, HOME), join(root, 'bin'))),
      {
        Env: ['PATH=/usr/bin:/bin', `PYTHONPATH=${HOME}`],
        WorkingDir: '/tmp/work',
      },
    )
    const service = copyService(join(EXAMPLES, 'plants'), directory())
    const file = join(service, 'serverless.yml')
    const example = parse(readFileSync(file, 'utf8')) as Example
    const spillway = { ...example.spillway, dispatcher: dispatcher.url, backends: { kubernetes: { namespace } } }
    const functions = Object.fromEntries(
      Object.entries(example.functions).map(([key, one]) => [key, { ...one, image }]),
    )
    writeFileSync(file, JSON.stringify({ ...example, spillway, functions }))
    const environment = { SPILLWAY_TOKEN: TOKEN }
    const { code, stdout, stderr } = await runCli(OSLS4, ['deploy'], { cwd: service, environment })
    assert.equal(code, 0, stdout + stderr)
  }

  it('trains the model that lies in it, tells the species of flowers, and of a photograph', async () => {
    const dispatcher = await bench().start({ keepAlive: 2 })
    await deploy(dispatcher)
    const drop = (from: string, ...to: string[]) => cpSync(from, dispatcher.path(...to))
    drop(join(IRIS, 'iris.csv'), 'iris', 'datasets', 'iris.csv')
    drop(join(IRIS, 'flowers.csv'), 'iris', 'flowers', 'flowers.csv')
    mkdirSync(dispatcher.path('plants', 'in'), { recursive: true })
    writeFileSync(dispatcher.path('plants', 'in', 'rose.jpg'), PHOTOGRAPH)
    for (const { id, state, message } of await dispatcher.allEnded(3, 180_000)) {
      const log = await dispatcher.call<string>('GET', `/v1/invocations/${id}/log`)
      assert.equal(state, 'succeeded', `${message}\n${log.body}`)
    }
    const result = (...path: string[]) => readFileSync(dispatcher.path(...path), 'utf8')
    sameModel(result('iris', 'models', 'iris.model.json'))
    assert.deepEqual(likelySpecies(result('iris', 'species', 'flowers.json')), SPECIES_OF_FLOWERS)
    assert.deepEqual(JSON.parse(result('plants', 'out', 'rose.jpg.json')), PHOTOGRAPHED)
  })
})
