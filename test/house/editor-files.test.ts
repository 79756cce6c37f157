/** What editors and compilers check a service with agrees with what the plugin takes. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { parse } from 'yaml'
import { editorFiles } from '../../docs/editor-files.js'
import { editorSchema } from '../../runtime/contract/editor-schema.js'
import { readFunctionSpec } from '../../runtime/contract/read-function-spec.js'
import { readServiceConfig } from '../../runtime/contract/service-config.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { REPOSITORY } from './sources.js'

const validate = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true }).compile(
  editorSchema(),
)
const accepts = (service: object) => validate(service)
const acceptsFunction = (block: object) => accepts({ functions: { f: block } })

/** Values for a key, right and wrong ones. */
const VALUES: Record<string, unknown[]> = {
  memorySize: [1024, '2Gi', '512', 100, '2GB', null],
  cpu: [0.5, 0, '1'],
  gpu: [1, { count: 2 }, { count: 1, resource: 'amd.com/gpu' }, -1, { cnt: 1 }, 'all'],
  timeout: [300, '20m', '90', '500ms', 0, '20x', true],
  ephemeralStorageSize: [512, '1Gi', 0],
  architecture: ['arm64', 'arm'],
  environment: [{ A: 'b', C: 3, D: true }, { 'a-b': 'c' }, ['A=b'], null],
  files: ['a', ['a', 'b/*.txt'], [1], ''],
  input: [
    'photos/in/',
    'here://photos',
    [{ bucket: 'b', suffix: '.jpg' }, 'c/d'],
    { prefix: 'x' },
    '://',
    { bucket: 'a/b' },
  ],
  output: ['photos/out/', { bucket: 'b', match: ['*.jpg'] }, { bucket: 'b', matches: '*' }],
  backends: ['local', ['local', 'kubernetes'], [], ['local', 'local'], 'moon'],
  concurrency: [3, 0, '3'],
  retries: [{ attempts: 5, minDelay: '2s' }, { attempts: 0 }, { on: 'timeout' }, { on: ['bad luck'] }, 3, null],
  isolation: ['fresh', 'frsh'],
  routing: [
    { waitingBudget: '90s' },
    { waitingBudget: 0 },
    { waitingBudget: { factor: 2, max: '1h' } },
    { prefer: 'slow' },
    {},
  ],
  kubernetes: [{ nodeSelector: { a: 'b' }, imagePullSecrets: 'x' }, { nodeselector: {} }, null],
  local: [{ timeout: '5m' }, { timeuot: 5 }],
  secrets: [[{ env: 'A', from: 'B' }], [{ env: 'A' }]],
  outptu: ['photos/out/'],
}

describe('the schema for editors', () => {
  it('takes exactly the functions that the plugin takes', () => {
    const block = fc.record(
      Object.fromEntries(Object.entries(VALUES).map(([key, values]) => [key, fc.constantFrom(...values)])),
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(
        fc.oneof(
          ...Object.entries(VALUES).map(([key, values]) => fc.record({ [key]: fc.constantFrom(...values) })),
          block,
        ),
        (keys) => {
          const spec = { image: 'i', script: 's', ...keys }
          const { problems } = readFunctionSpec(spec, {
            path: 'f',
            storages: ['here'],
            backends: ['local', 'kubernetes', 'lambda'],
          })
          assert.equal(acceptsFunction(spec), problems.length === 0, JSON.stringify(problems))
        },
      ),
      { numRuns: 600 },
    )
  })

  it('takes exactly the blocks that the plugin takes', () => {
    const blocks: unknown[] = [
      {},
      null,
      { storage: { here: { type: 'directory', path: 'd' } } },
      { storage: { Here: { type: 'directory', path: 'd' } } },
      { storage: { here: { type: 'tape' } } },
      { storage: { here: {} } },
      { dispatcher: 'https://example.org' },
      { dispatcher: 'example.org' },
      { backends: { local: { slots: 2, keepAlive: '5m' } } },
      { backends: { local: null } },
      { backends: { kubernetes: {} } },
      { backends: { moon: {} } },
      { routing: { deadline: '1h' } },
      { dispatchr: 'https://example.org' },
    ]
    for (const spillway of blocks)
      assert.equal(accepts({ spillway }), readServiceConfig(spillway).problems.length === 0, JSON.stringify(spillway))
  })

  it('leaves ordinary functions, other keys and variables alone', () => {
    const service = {
      service: 's',
      provider: { name: 'aws', whatever: 1 },
      custom: {},
      functions: {
        plain: { handler: 'h.h', timeout: 30, image: { uri: 'x' }, environment: { A: null }, memroySize: 1 },
        ours: {
          script: '${file(x.yml)}',
          timeout: '${param:timeout}',
          input: '${self:custom.in}',
          retries: '${self:custom.r}',
        },
      },
    }
    assert.ok(accepts(service), JSON.stringify(validate.errors))
    assert.ok(accepts({ functions: [{ a: { script: 's' } }, '${file(more.yml)}'] }))
    assert.ok(!accepts({ functions: [{ a: { script: 's', handler: 'h.h' } }] }))
  })

  it('takes the services of the examples', () => {
    for (const name of readdirSync(join(REPOSITORY, 'examples'))) {
      const service = parse(readFileSync(join(REPOSITORY, 'examples', name, 'serverless.yml'), 'utf8')) as object
      assert.ok(accepts(service), `${name}: ${JSON.stringify(validate.errors)}`)
    }
  })

  it('says what every key is', () => {
    const properties = editorSchema().definitions!.ownFunction!.properties!
    for (const [key, { description }] of Object.entries(properties)) assert.ok(description, key)
    assert.match(properties.timeout!.description!, /attempt/)
    assert.equal(properties.timeout!.default, 300)
  })

  it('is in the build as it is made', () => {
    for (const [name, text] of Object.entries(editorFiles()))
      assert.equal(readFileSync(join(REPOSITORY, 'dist', name), 'utf8'), text, `${name}: run \`npm run build\``)
  })
})

describe('the types for serverless.ts', function () {
  this.timeout(30_000)
  const directory = temporaryDirectory()

  /** What the compiler says of services with these functions, by name. */
  function compile(blocks: Record<string, string>): string {
    const names = Object.keys(blocks).map((name) => `${name}.ts`)
    for (const [name, block] of Object.entries(blocks)) writeFileSync(join(directory(), `${name}.ts`), service(block))
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--types', 'node', ...names]
    const { stdout } = spawnSync(process.execPath, [join(REPOSITORY, 'node_modules/typescript/bin/tsc'), ...options], {
      cwd: directory(),
      encoding: 'utf8',
    })
    return stdout.trim()
  }

  beforeEach(() => {
    mkdirSync(join(directory(), 'node_modules'))
    symlinkSync(REPOSITORY, join(directory(), 'node_modules/serverless-spillway'))
    symlinkSync(join(REPOSITORY, 'node_modules/@types'), join(directory(), 'node_modules/@types'))
  })

  it('take short forms, long forms and variables', () => {
    const block = `{ script: 's', timeout: '20m', memorySize: '2Gi', input: ['a/b/', { bucket: 'c', suffix: '.jpg' }], output: 'a/c/',
      gpu: 1, retries: { attempts: 2, on: 'timeout' }, concurrency: '\${env:MOST}', environment: { A: 1 }, description: 'counts' }`
    assert.equal(compile({ serverless: block }), '')
  })

  it('refuse a misspelt key, a time without a unit that there is, and an unknown back-end', () => {
    const complaints = compile({
      key: `{ script: 's', outptu: 'a/' }`,
      time: `{ script: 's', timeout: '20x' }`,
      backend: `{ script: 's', backends: ['moon'] }`,
    })
    assert.match(complaints, /^key\.ts.*'outptu' does not exist in type|^key\.ts.*Did you mean to write 'output'/m)
    assert.match(complaints, /^time\.ts.*'"20x"' is not assignable/m)
    assert.match(complaints, /^backend\.ts.*'"moon"' is not assignable/m)
  })
})

const service = (block: string): string => `import type { Spillway, SpillwayFunction } from 'serverless-spillway/types'
const spillway: Spillway = { storage: { here: { type: 'directory', path: './data' } }, backends: { local: { slots: 2 } } }
const count: SpillwayFunction = ${block}
module.exports = { service: 'words', provider: { name: 'aws' }, plugins: ['serverless-spillway'], spillway, functions: { count } }
`
