/** `serverless spillway diff`, and what `package` writes for a cluster, on every CLI that is there. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { FunctionDiff } from '../../plugin/diff/function-diff.js'
import { copyFixture, describeOnClis, filesBelow, runCli } from '../support/cli.js'
import { FakeDispatcher } from '../support/fake-dispatcher.js'

const CLASSIFY = 'plants-dev-classify'
const SORT = 'plants-dev-sort'

describeOnClis('what a deploy would change', function (cli) {
  this.timeout(120_000)
  let root: string
  let directory: string
  let dispatcher: FakeDispatcher

  const run = (words: string, cwd = directory) => runCli(cli, words.split(' '), { cwd })
  const edit = (change: (yaml: string) => string) => {
    const file = join(directory, 'serverless.yml')
    writeFileSync(file, change(readFileSync(file, 'utf8')))
  }

  before(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-test-')))
    directory = copyFixture('cluster', root)
    dispatcher = await new FakeDispatcher().listen()
  })
  after(async () => {
    await dispatcher.close()
    rmSync(root, { recursive: true, force: true })
  })

  it('cannot be told without a dispatcher, nor of a service that is wrong: exit code 2', async () => {
    const wrong = copyFixture('problems', root)
    const [alone, broken] = await Promise.all([run('spillway diff'), run('spillway diff', wrong)])
    assert.deepEqual([alone.code, alone.stdout.includes('plants-dev')], [2, false])
    assert.match(alone.stdout + alone.stderr, /No dispatcher runs for this service/)
    assert.equal(broken.code, 2)
    assert.match(broken.stdout + broken.stderr, /serverless\.yml has 9 problems/)
  })

  it('is everything at first, and nothing after a deploy', async () => {
    dispatcher.announce(directory)
    const first = await run('spillway diff')
    assert.equal(first.code, 1, first.stderr)
    assert.equal(first.stdout, `${CLASSIFY}: new; becomes Kubernetes Job, Kubernetes Secret\n${SORT}: new\n`)
    assert.equal((await run('deploy')).code, 0)
    const again = await run('spillway diff')
    assert.equal(again.code, 0, again.stdout + again.stderr)
    assert.equal(
      again.stdout,
      `${CLASSIFY}: unchanged; release 1 is deployed\n${SORT}: unchanged; release 1 is deployed\n`,
    )
  })

  it('is told by key, by file and by object, with what comes and what goes', async () => {
    edit((yaml) =>
      yaml
        .replace('2Gi', '3Gi')
        .replace('{ MODEL: small }', '{ MODEL: large, TOP: 5 }')
        .replace('disk: ssd', 'gpu: a100')
        .replace(/ {2}sort:[\s\S]*/, '  count:\n    command: [wc]\n    backends: local\n'),
    )
    writeFileSync(join(directory, 'classify.sh'), '#!/bin/sh\ntrue\n')
    chmodSync(join(directory, 'classify.sh'), 0o755)
    const [{ code, stdout, stderr }, one, json] = await Promise.all([
      run('spillway diff'),
      run('spillway diff -f count'),
      run('spillway diff --json'),
    ])
    assert.equal(code, 1, stderr)
    const lines = stdout.split('\n')
    const pod = '  ~ Kubernetes Job spec.template.spec'
    for (const line of [
      `${CLASSIFY}: changed; release 1 is deployed`,
      '  ~ spec memorySize: 2048 -> 3072',
      '  ~ spec environment.MODEL: "small" -> "large"',
      '  + spec environment.TOP: "5"',
      `${pod}.containers[0].resources.limits.memory: "2048Mi" -> "3072Mi"`,
      '  - Kubernetes Job spec.template.spec.nodeSelector.disk: "ssd"',
      '  + Kubernetes Job spec.template.spec.nodeSelector.gpu: "a100"',
      'plants-dev-count: new',
      `${SORT}: removed; release 1 is deployed`,
    ])
      assert.ok(lines.includes(line), `${line}\n${stdout}`)
    assert.match(
      stdout,
      /^ {2}~ file classify\.sh: 35 B, sha256 [0-9a-f]{12} -> 15 B, sha256 [0-9a-f]{12}, may be run$/m,
    )
    assert.deepEqual([one.code, one.stdout], [1, 'plants-dev-count: new\n'])
    const found = JSON.parse(json.stdout) as FunctionDiff[]
    assert.deepEqual(
      found.map(({ name, state }) => [name, state]),
      [
        [CLASSIFY, 'changed'],
        ['plants-dev-count', 'new'],
        [SORT, 'removed'],
      ],
    )
    assert.equal(dispatcher.functions.size, 2, 'nothing was touched')
  })

  it('is, in a cluster, what `package` writes, each object once for every worker', async () => {
    assert.equal((await run('package')).code, 0)
    assert.deepEqual(filesBelow(join(directory, '.serverless')), [`kubernetes/${CLASSIFY}.yaml`, 'spillway.json'])
    const text = readFileSync(join(directory, '.serverless/kubernetes', `${CLASSIFY}.yaml`), 'utf8')
    assert.match(text, /^# What the dispatcher makes in the cluster for each worker of plants-dev-classify;/)
    assert.match(text, /^ {4}spillway\/worker: "0{12}" # filled in: its id$/m)
    assert.match(text, /^ {2}start-token: \S+ # filled in: good for one start of this worker$/m)
    assert.doesNotMatch(text, /&a1|\*a1/, 'nothing is said by reference')
    const [job, secret] = parseAllDocuments(text).map((document) => document.toJS() as Manifest)
    assert.deepEqual([job!.kind, secret!.kind, secret!.metadata.name], ['Job', 'Secret', job!.metadata.name])
    const pod = job!.spec.template.spec
    assert.deepEqual(pod.nodeSelector, { gpu: 'a100' })
    assert.equal(pod.containers[0]!.image, 'registry.example.org/plants/classify:1')
    assert.deepEqual(
      pod.containers[0]!.env.find(({ name }) => name === 'KEY'),
      { name: 'KEY', valueFrom: { secretKeyRef: { name: 'garden', key: 'key' } } },
    )
    edit((yaml) => yaml.replace('backends: kubernetes', 'backends: local'))
    assert.equal((await run('package')).code, 0)
    assert.deepEqual(filesBelow(join(directory, '.serverless')), ['spillway.json'])
  })
})

interface Manifest {
  kind: string
  metadata: { name: string }
  spec: {
    template: {
      spec: {
        nodeSelector: Record<string, string>
        containers: { image: string; env: { name: string; valueFrom?: object }[] }[]
      }
    }
  }
}
