import assert from 'node:assert/strict'
import fc from 'fast-check'
import { formatProblem } from '../../../runtime/contract/problem.js'
import { readFunctionSpec } from '../../../runtime/contract/read-function-spec.js'

const context = { path: 'functions.f', storages: ['lake', 'here'], backends: ['local'] as const }
const read = (raw: unknown, more = {}) => readFunctionSpec(raw, { ...context, ...more })
const problems = (raw: unknown, more = {}) => read(raw, more).problems.map(formatProblem)

describe('read-function-spec', () => {
  it('fills every default and expands every short form', () => {
    const { value } = read({
      script: 'work.sh',
      timeout: '20m',
      memorySize: '2Gi',
      gpu: 1,
      input: 'lake://plants/in/',
      output: ['here://out', { storage: 'lake', bucket: 'b', prefix: 'x/', match: '*.json' }],
      environment: { DEBUG: 1 },
      routing: { waitingBudget: '10m' },
    })
    assert.deepEqual(value, {
      script: 'work.sh',
      files: [],
      memorySize: 2048,
      cpu: 1.2,
      gpu: { count: 1, resource: 'nvidia.com/gpu' },
      timeout: 1200,
      ephemeralStorageSize: 512,
      architecture: 'x86_64',
      environment: { DEBUG: '1' },
      secrets: [],
      input: [{ storage: 'lake', bucket: 'plants', prefix: 'in/', suffix: [] }],
      output: [
        { storage: 'here', bucket: 'out', prefix: '', match: ['**'] },
        { storage: 'lake', bucket: 'b', prefix: 'x/', match: ['*.json'] },
      ],
      routing: { prefer: 'private', waitingBudget: { factor: 0, min: 600, max: 600 } },
      retries: { attempts: 3, minDelay: 1, maxDelay: 300 },
      isolation: 'reuse',
    })
  })

  it('leaves what it was given untouched, and reads its own normal form to the same', () => {
    const raw = { script: 'a.sh', input: 'lake://b', gpu: 0 }
    const copy = structuredClone(raw)
    const once = read(raw).value
    assert.deepEqual(raw, copy)
    assert.deepEqual(read(once).value, once)
  })

  it('takes the only storage where none is named', () => {
    const { value } = read({ script: 'a.sh', input: ['photos/'], output: [{ bucket: 'out' }] }, { storages: ['only'] })
    assert.equal(value?.input[0]?.storage, 'only')
    assert.equal(value?.output[0]?.storage, 'only')
  })

  const faults: [string, unknown, RegExp[], object?][] = [
    ['an unknown key', { script: 'a', outptu: [] }, [/functions\.f\.outptu is not a known key.*Did you mean output\?/]],
    ['a wrong unit', { script: 'a', timeout: '20x' }, [/functions\.f\.timeout must be a time, got "20x".*20m/]],
    ['a negative time', { script: 'a', timeout: -1 }, [/functions\.f\.timeout must be > 0, got -1/]],
    ['script and command', { script: 'a', command: ['b'] }, [/script. or .command., not both/]],
    ['nothing to run', {}, [/functions\.f has nothing to run/]],
    [
      'an unknown storage',
      { script: 'a', input: 'lkae://b' },
      [/input\[0\]\.storage must be a configured storage, got "lkae".*Did you mean lake/],
    ],
    ['no storage where there are two', { script: 'a', input: 'b/in' }, [/input\[0\]\.storage is missing/]],
    [
      'a back-end that is not there',
      { script: 'a', backends: ['moon'] },
      [/backends\[0\] must be one of local, kubernetes, lambda, rehearsal, got "moon"/],
    ],
    [
      'a back-end that is not configured',
      { script: 'a', image: 'b', backends: ['lambda'] },
      [/must list back-ends that the service configures, got "lambda"/],
    ],
    [
      'a literal credential',
      { script: 'a', environment: { AWS_SECRET_ACCESS_KEY: 'abc' } },
      [/environment\.AWS_SECRET_ACCESS_KEY looks like a literal credential.*secrets/],
    ],
    [
      'a key in a value',
      { script: 'a', environment: { X: 'AKIAIOSFODNN7EXAMPLE' } },
      [/environment\.X looks like a literal credential/],
    ],
    [
      'a credential for one back-end',
      { script: 'a', local: { environment: { DB_PASSWORD: 'x' } } },
      [/local\.environment\.DB_PASSWORD/],
    ],
    [
      'a script outside',
      { script: '../a.sh' },
      [/functions\.f\.script must lie inside the service directory, got "\.\.\/a\.sh"/],
    ],
    [
      'no image for lambda',
      { script: 'a' },
      [/functions\.f\.image is missing; lambda runs nothing without an image/],
      { backends: ['lambda'] },
    ],
    [
      'over 15 minutes on lambda alone',
      { image: 'a', timeout: 1200 },
      [/timeout must be at most 900 s on Lambda, got 1200/],
      { backends: ['lambda'] },
    ],
    [
      'a GPU on lambda alone',
      { image: 'a', gpu: 2 },
      [/gpu must be 0: Lambda has no GPU, got 2/],
      { backends: ['lambda'] },
    ],
    ['a text instead of a spec', 'hello', [/functions\.f must be object, got "hello"/]],
    [
      'several things, all at once',
      { script: 'a', timeout: 'x', memorySize: 'y', colour: 1 },
      [/timeout/, /memorySize/, /colour/],
    ],
  ]
  for (const [what, raw, expected, more] of faults)
    it(`refuses ${what}`, () => {
      const found = problems(raw, more)
      for (const pattern of expected)
        assert.ok(
          found.some((text) => pattern.test(text)),
          `${String(pattern)} in\n${found.join('\n')}`,
        )
      assert.equal(found.length, expected.length, found.join('\n'))
    })

  it('lets work over 15 minutes through where another back-end is listed', () => {
    assert.deepEqual(problems({ image: 'a', timeout: 1200 }, { backends: ['local', 'lambda'] }), [])
  })

  it('never throws, whatever it is given', () => {
    const key = fc.constantFrom(
      'script',
      'timeout',
      'input',
      'output',
      'environment',
      'gpu',
      'retries',
      'local',
      '__proto__',
      'x',
    )
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.dictionary(key, fc.anything())), (raw) => {
        const reading = read(raw)
        assert.ok((reading.value === undefined) === reading.problems.length > 0)
        for (const problem of reading.problems) assert.ok(formatProblem(problem).startsWith('functions.f'))
      }),
    )
  })
})
