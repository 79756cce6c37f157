/** The example with a chain of functions, on a real dispatcher. */
import assert from 'node:assert/strict'
import { copyFileSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildGraph } from '../../plugin/graph/graph.js'
import { graphText } from '../../plugin/graph/text.js'
import { filesBelow } from '../support/cli.js'
import { dispatchers } from '../support/dispatcher-process.js'
import { deployExample, EXAMPLES, readExample } from '../support/example.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const DOCUMENTS = join(EXAMPLES, 'workflow/documents')
const README = readFileSync(join(EXAMPLES, 'workflow/README.md'), 'utf8')

const REPORT = {
  'garden/01-spring.words.txt': 'garden/01-spring: 17 words\n',
  'garden/02-what-it-cost.tables.txt': 'garden/02-what-it-cost: 3 rows, pieces 66, euros 39.5\n',
  'garden/02-what-it-cost.words.txt': 'garden/02-what-it-cost: 5 words\n',
  'garden/03-harvest.tables.txt': 'garden/03-harvest: 2 rows, kilos 15\n',
  'journey/01-day-one.words.txt': 'journey/01-day-one: 8 words\n',
  'journey/02-distances.tables.txt': 'journey/02-distances: 2 rows, kilometres 15\n',
}

describe('the workflow example', function () {
  this.timeout(40_000)
  const start = dispatchers(temporaryDirectory())

  it('takes documents apart, sends the parts two ways, and brings the results together', async () => {
    const dispatcher = await start()
    assert.deepEqual(await deployExample(dispatcher, 'workflow'), [true, true, true, true])
    for (const name of readdirSync(DOCUMENTS)) copyFileSync(join(DOCUMENTS, name), dispatcher.path('documents', name))
    const parts = Object.keys(REPORT).length
    const ended = await dispatcher.allEnded(readdirSync(DOCUMENTS).length + parts + parts, 30_000)
    assert.deepEqual(new Set(ended.map(({ state }) => state)), new Set(['succeeded']))
    const report = dispatcher.path('report')
    assert.deepEqual(
      Object.fromEntries(filesBelow(report).map((name) => [name, readFileSync(join(report, name), 'utf8')])),
      REPORT,
    )
    assert.deepEqual(await deployExample(dispatcher, 'workflow'), [false, false, false, false], 'deployed twice')
  })

  it('is drawn in its README as `graph` draws it, with the sentences that it writes', () => {
    const drawn = graphText(buildGraph(readExample('workflow').functions)).join('\n')
    assert.ok(README.includes(`\`\`\`text\n${drawn}\n\`\`\``), drawn)
    const garden = Object.entries(REPORT).flatMap(([name, sentence]) => (name.startsWith('garden/') ? [sentence] : []))
    assert.ok(README.includes(`\`\`\`text\n${garden.join('')}\`\`\``))
  })
})
