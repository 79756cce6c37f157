import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { ownFunctions, readService } from '../../plugin/read-service.js'
import type { Configuration } from '../../plugin/serverless.js'
import { formatProblem } from '../../runtime/contract/problem.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

describe('the service as serverless.yml says it', () => {
  const directory = temporaryDirectory()
  const read = (configuration: Configuration) =>
    readService({ service: 'plants', stage: 'dev', directory: directory(), region: 'us-east-1', configuration })
  const problems = (configuration: Configuration) => read(configuration).problems.map(formatProblem)

  it('has the functions with a key that only we know', () => {
    const functions = { a: { handler: 'a.b' }, b: { command: ['x'] }, c: { image: 'x' }, d: { image: 'x', gpu: 1 } }
    assert.deepEqual(ownFunctions(functions), ['b', 'd'])
    assert.deepEqual(ownFunctions(undefined), [])
  })

  it('needs no block: then work runs on local, and there are no storages', () => {
    const { service } = read({ functions: { work: { command: ['date'] } } })
    assert.deepEqual(
      service?.functions.map(({ key, name }) => [key, name]),
      [['work', 'plants-dev-work']],
    )
    assert.deepEqual(service?.config.storage, {})
    assert.ok(service?.config.backends.local)
  })

  it('inherits from the provider what functions of the framework inherit', () => {
    const provider = { timeout: 60, memorySize: 2048, runtime: 'nodejs20.x', environment: { A: '1', B: '2' } }
    const { service } = read({
      provider,
      functions: { work: { command: ['date'], timeout: '2m', environment: { B: 3 } } },
    })
    const { timeout, memorySize, environment } = service!.functions[0]!.spec
    assert.deepEqual([timeout, memorySize, environment], [120, 2048, { A: '1', B: '3' }])
  })

  it('takes what the framework itself adds to a function, and metadata', () => {
    const work = {
      command: ['date'],
      name: 'plants-dev-work',
      events: [],
      description: 'today',
      tags: { team: 'green' },
    }
    assert.deepEqual(problems({ functions: { work } }), [])
    assert.match(
      problems({ functions: { work: { ...work, name: 'other' } } }).join(),
      /functions\.work\.name must be left out or plants-dev-work/,
    )
  })

  it('finds missing files also where the rest of the spec is wrong', () => {
    writeFileSync(join(directory(), 'here.sh'), '')
    assert.deepEqual(problems({ functions: { a: { script: 'here.sh' }, b: { script: 'gone.sh', timeout: -1 } } }), [
      'functions.b.timeout must be > 0, got -1. Write seconds (300) or a duration (90s, 20m, 1h).',
      'functions.b.script does not exist, got "gone.sh".',
    ])
  })

  it('reports a back-end that the service does not configure', () => {
    const functions = { a: { command: ['x'], image: 'i', backends: ['local', 'lambda'] } }
    assert.deepEqual(problems({ spillway: { backends: { local: {} } }, functions }), [
      'functions.a.backends must list back-ends that the service configures, got "lambda". Configured: local. Add `spillway.backends.lambda` to use it.',
    ])
  })

  it('refuses Lambda and its rehearsal side by side', () => {
    const backends = { local: {}, lambda: { stagingBucket: 'staging' }, rehearsal: {} }
    assert.deepEqual(problems({ spillway: { backends }, functions: { a: { command: ['x'], image: 'i' } } }), [
      'spillway.backends.rehearsal stands for lambda, and lambda is configured too. Keep one of them; stages may differ in which.',
    ])
  })

  it('takes the framework’s words where Lambda is among the back-ends, and nowhere else', () => {
    const lambda = { stagingBucket: 'staging' }
    const a = { command: ['x'], image: 'i', vpc: {} }
    assert.deepEqual(problems({ spillway: { backends: { lambda } }, functions: { a } }), [])
    assert.match(problems({ spillway: {}, functions: { a } }).join(), /functions\.a\.vpc is not a known key/)
    assert.match(
      problems({ spillway: { backends: { lambda: { ...lambda, region: 'eu-west-1' } } }, functions: { a } }).join(),
      /spillway\.backends\.lambda\.region must be us-east-1, where the stack of this service is, got "eu-west-1"/,
    )
  })

  it('says a loop over several functions as the way round', () => {
    const spillway = { storage: { here: { type: 'directory', path: 'data' } } }
    const functions = {
      a: { command: ['x'], input: 'b/1/', output: 'b/2/' },
      b: { command: ['x'], input: 'b/2/', output: 'b/1/' },
    }
    assert.match(
      problems({ spillway, functions }).join(),
      /starts itself: a -> b -> a\. Give its results another bucket/,
    )
  })

  it('answers with problems, never with an exception, whatever is written', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.dictionary(
          fc.constantFrom('files', 'input', 'backends', 'environment', 'events', 'timeout', 'local'),
          fc.jsonValue(),
        ),
        (spillway, block) => {
          const { service, problems } = read({
            spillway,
            provider: { name: 'aws' },
            functions: { f: { command: ['x'], ...block } },
          })
          return (service === undefined) === problems.length > 0
        },
      ),
    )
  })
})
