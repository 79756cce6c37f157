/** Each example by the command of its users: `serverless package`, with the plugin that was built. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildRegistrations, type PackagedFunction } from '../../plugin/registration.js'
import { copyService, filesBelow, OSLS4, runCli } from '../support/cli.js'
import { EXAMPLES, readExample } from '../support/example.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

describe('serverless package', function () {
  this.timeout(120_000)
  const directory = temporaryDirectory()

  for (const example of readdirSync(EXAMPLES))
    it(`packages the example ${example}, with all that is registered of it`, async () => {
      const cwd = copyService(join(EXAMPLES, example), directory())
      const { code, stdout, stderr } = await runCli(OSLS4, ['package'], { cwd })
      assert.equal(code, 0, stdout + stderr)
      assert.deepEqual(filesBelow(join(cwd, '.serverless')), ['spillway.json'])
      const { functions } = JSON.parse(readFileSync(join(cwd, '.serverless', 'spillway.json'), 'utf8')) as {
        functions: PackagedFunction[]
      }
      const built = buildRegistrations(readExample(example)).map(({ facts }) => facts)
      assert.deepEqual(functions, JSON.parse(JSON.stringify(built)))
    })
})
