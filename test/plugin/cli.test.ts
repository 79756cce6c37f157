/** The whole plugin on every CLI that is there: real command lines, real files, a dispatcher that runs nothing. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyFixture, filesBelow, runCli, testClis, type CliRun } from '../support/cli.js'
import { FakeDispatcher } from '../support/fake-dispatcher.js'

const THUMBNAIL = 'thumbnails-dev-thumbnail'
const ECHO = 'thumbnails-dev-echo'

for (const cli of testClis())
  describe(`the plugin on ${cli.name}`, function () {
    this.timeout(120_000)
    let root: string
    let directory: string
    let dispatcher: FakeDispatcher

    const run = (args: string, options: Partial<CliRun> = {}) =>
      runCli(cli, args.split(' '), { cwd: directory, ...options })
    const invocations = () => [...dispatcher.invocations.values()]

    before(async () => {
      root = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-test-')))
      directory = copyFixture('thumbnails', root)
      dispatcher = await new FakeDispatcher().listen()
    })
    after(async () => {
      await dispatcher.close()
      rmSync(root, { recursive: true, force: true })
    })

    it('says how to get a dispatcher where none runs, and has nothing to remove', async () => {
      const [deploy, remove] = await Promise.all([run('deploy'), run('remove')])
      assert.equal(deploy.code, 1)
      assert.match(
        deploy.stdout,
        /No dispatcher runs for this service\. Start one with `serverless spillway dev`, or set `spillway\.dispatcher`/,
      )
      assert.equal(remove.code, 0)
      assert.match(remove.stderr, /No dispatcher runs for this service, so none of its functions runs either/)
    })

    it('packages what will be registered, byte for byte the same twice, and nothing of AWS', async () => {
      const first = await run('package')
      assert.equal(first.code, 0, first.stdout)
      const [second, printed] = await Promise.all([run('package --package elsewhere'), run('print')])
      assert.equal(second.code, 0, second.stdout)
      assert.deepEqual(filesBelow(join(directory, '.serverless')), ['spillway.json'])
      const document = readFileSync(join(directory, '.serverless', 'spillway.json'), 'utf8')
      assert.equal(readFileSync(join(directory, 'elsewhere', 'spillway.json'), 'utf8'), document)
      const { functions } = JSON.parse(document) as {
        functions: { name: string; spec: Record<string, unknown>; files: object[] }[]
      }
      assert.deepEqual(
        functions.map(({ name }) => name),
        [THUMBNAIL, ECHO],
      )
      assert.equal(functions[0]!.spec.timeout, 1200)
      assert.deepEqual(functions[0]!.spec.environment, { STAGE: 'dev' })
      assert.deepEqual(
        functions[0]!.files.map((file) => Object.values(file).slice(0, 2)),
        [
          ['thumbnail.sh', 0o755],
          ['tools/notes.txt', 0o644],
        ],
      )
      assert.match(printed.stdout, /script: thumbnail\.sh/, 'print shows the configuration as it is written')
      assert.match(printed.stdout, /timeout: 20m/)
    })

    it('deploys, says where to drop files, and says when nothing changed', async () => {
      dispatcher.announce(directory, { token: 'embedded' })
      const first = await run('deploy')
      assert.equal(first.code, 0, first.stdout)
      assert.equal(first.stdout, '')
      assert.match(first.stderr, new RegExp(`${THUMBNAIL}: release 1`))
      assert.match(first.stderr, new RegExp(`drop files into ${join(directory, 'data', 'photos', 'in')}`))
      assert.equal(dispatcher.seen(`PUT /v1/functions/${THUMBNAIL}`)[0]?.headers.authorization, 'Bearer embedded')
      const registered = dispatcher.functions.get(THUMBNAIL)!
      assert.deepEqual(
        registered.files.map(({ path, data }) => [path, Buffer.from(data, 'base64').toString()]),
        [
          ['thumbnail.sh', readFileSync(join(directory, 'thumbnail.sh'), 'utf8')],
          ['tools/notes.txt', 'smaller is faster\n'],
        ],
      )
      const [again, one, unknown] = await Promise.all([
        run('deploy --package elsewhere'),
        run('deploy -f echo'),
        run('deploy -f nope'),
      ])
      assert.match(again.stderr, new RegExp(`${THUMBNAIL}: unchanged, release 1`))
      assert.match(one.stderr, new RegExp(`${ECHO}: unchanged, release 1`))
      assert.doesNotMatch(one.stderr, new RegExp(THUMBNAIL))
      assert.equal(unknown.code, 1)
      assert.match(unknown.stdout, /no function nope of Spillway in this service; known: thumbnail, echo/)
    })

    it('refuses a package of other files, and removes functions that left the configuration', async () => {
      const yaml = readFileSync(join(directory, 'serverless.yml'), 'utf8')
      writeFileSync(join(directory, 'serverless.yml'), `${yaml}  more:\n    command: [date]\n`)
      const refused = await run('deploy --package elsewhere')
      assert.equal(refused.code, 1)
      assert.match(refused.stdout, /is not of these files; changed: more/)
      await run('deploy')
      assert.ok(dispatcher.functions.has('thumbnails-dev-more'))
      writeFileSync(join(directory, 'serverless.yml'), yaml)
      const removed = await run('deploy')
      assert.match(removed.stderr, /thumbnails-dev-more: removed/)
      assert.deepEqual([...dispatcher.functions.keys()], [THUMBNAIL, ECHO])
    })

    it('informs on standard output', async () => {
      const [info, metrics] = await Promise.all([run('info'), run('metrics')])
      assert.equal(info.code, 0, info.stdout)
      assert.match(info.stdout, new RegExp(`dispatcher: ${dispatcher.url}`))
      assert.match(
        info.stdout,
        new RegExp(
          `${THUMBNAIL}: release 1, 0 queued, 0 running\n  input: +here://photos/in/\n  output: +here://photos/out/`,
        ),
      )
      assert.equal(metrics.code, 1)
      assert.match(metrics.stdout, /`serverless metrics` is for Lambda functions/)
    })

    it('invokes with -d, -p and standard input; only the result is on standard output', async () => {
      writeFileSync(join(directory, 'body.bin'), Buffer.from([0xff, 0x00, 0x0a]))
      const [data, raw, piped, event] = await Promise.all([
        run('invoke -f echo -d {"a":1}'),
        run('invoke -f echo --raw -d {"a":1}'),
        run('invoke -f echo --log', { input: 'line\n' }),
        run('invoke -f echo -d x --type Event'),
      ])
      assert.deepEqual([data.code, data.stdout], [0, '{"a":1}'])
      assert.deepEqual([raw.stdout, piped.stdout], ['{"a":1}', 'line\n'])
      assert.match(piped.stderr, /reading 5 bytes/)
      assert.match(event.stdout, /^[0-9a-f-]{36}\n$/)
      const file = await run('invoke -f echo -p body.bin')
      assert.equal(file.code, 0)
      const sent = dispatcher.seen(`POST /v1/functions/${ECHO}/invocations`)
      assert.deepEqual(sent.at(-1)!.body, Buffer.from([0xff, 0x00, 0x0a]))
      const types = sent.map(({ headers }) => headers['content-type'])
      assert.deepEqual(
        new Set(types),
        new Set(['application/json', 'text/plain; charset=utf-8', 'application/octet-stream']),
      )
    })

    it('ends with 1 when the script failed, and says why on standard error', async () => {
      const [failed, unknownType] = await Promise.all([
        run('invoke -f echo -d fail'),
        run('invoke -f echo -d x --type Later'),
      ])
      assert.deepEqual([failed.code, failed.stdout], [1, ''])
      assert.match(failed.stderr, /no such thing/)
      assert.match(failed.stderr, new RegExp(`${ECHO}: script-exit: the script ended with exit code 3`))
      assert.match(failed.stderr, /serverless spillway explain [0-9a-f-]{36}/)
      assert.match(unknownType.stdout, /--type must be RequestResponse or Event, got "Later"/)
    })

    it('prints logs: time, invocation, text', async () => {
      const [all, filtered, wrong] = await Promise.all([
        run('logs -f echo'),
        run('logs -f echo --filter ^no --startTime 1h'),
        run('logs -f echo --startTime soon'),
      ])
      assert.match(all.stdout, /^20[0-9T:.-]+Z [0-9a-f]{8} reading [0-9]+ bytes$/m)
      assert.match(filtered.stdout, /^20[0-9T:.-]+Z [0-9a-f]{8} no such thing\n$/)
      assert.match(wrong.stdout, /--startTime must be a time ago/)
    })

    it('lists, explains, cancels and redrives invocations, by word or --id', async () => {
      const failed = invocations().find(({ state }) => state === 'failed')!
      const waiting = dispatcher.addInvocation(ECHO, Buffer.from('wait'), 'text/plain')
      const [list, json, explained, short, cancelled] = await Promise.all([
        run('spillway invocations -f echo --state failed'),
        run('spillway invocations --json --limit 2'),
        run(`spillway explain ${failed.id}`),
        run(`spillway explain --id ${failed.id.slice(-8)}`),
        run(`spillway cancel ${waiting.id}`),
      ])
      assert.match(
        list.stdout,
        new RegExp(`${failed.id.slice(-8)} .* failed .* request \\(4 B\\)  script-exit: the script ended`),
      )
      assert.equal((JSON.parse(json.stdout) as object[]).length, 2)
      assert.match(explained.stdout, /is failed\n  function: thumbnails-dev-echo, release 1\n  input: request \(4 B, /)
      assert.match(explained.stdout, /local: it is the only back-end\n/)
      assert.match(
        explained.stdout,
        /1 on local at .*: took 1\.5 s \(fetching 0\.01 s, script 1\.4 s, publishing 0\.04 s\); script-exit/,
      )
      assert.equal(short.stdout, explained.stdout)
      assert.equal(cancelled.code, 0, cancelled.stdout)
      assert.equal(dispatcher.invocations.get(waiting.id)?.state, 'cancelled')
      const [redriven, all, neither] = await Promise.all([
        run(`spillway redrive ${waiting.id}`),
        run('spillway redrive -f echo'),
        run('spillway redrive'),
      ])
      assert.equal(redriven.code, 0, redriven.stdout)
      assert.match(all.stderr, /1 invocation\(s\) queued again/)
      assert.match(neither.stdout, /Name one invocation/)
    })

    it('removes the functions of the service', async () => {
      const removed = await run('remove')
      assert.equal(removed.code, 0, removed.stdout)
      assert.deepEqual([...dispatcher.functions.keys()], [])
    })

    it('lists every problem at once, those of the framework too, and ends with 1', async () => {
      const { code, stdout, stderr } = await run('print', { cwd: copyFixture('problems', root) })
      assert.equal(code, 1)
      for (const expected of PROBLEMS) assert.match(stdout, expected)
      assert.match(stdout + stderr, /at 'functions\.ordinary': unrecognized property 'memroySize'/)
    })

    it('keeps out of a service that is not its own', async () => {
      const [withPlugin, without] = [
        copyFixture('plain', join(root, 'with')),
        copyFixture('plain', join(root, 'without')),
      ]
      const yaml = readFileSync(join(without, 'serverless.yml'), 'utf8')
      writeFileSync(join(without, 'serverless.yml'), yaml.replace('serverless-spillway', 'nothing'))
      writeFileSync(join(root, 'without', 'node_modules', 'nothing.js'), 'module.exports = class Nothing {}')
      const prints = await Promise.all([withPlugin, without].map((cwd) => run('print', { cwd })))
      assert.equal(prints[0]!.stdout, prints[1]!.stdout.replace('nothing', 'serverless-spillway'))
      await Promise.all([withPlugin, without].map((cwd) => run('package', { cwd })))
      assert.deepEqual(filesBelow(join(withPlugin, '.serverless')), filesBelow(join(without, '.serverless')))
      assert.deepEqual(template(withPlugin), template(without))
      const own = await run('spillway invocations', { cwd: withPlugin })
      assert.match(own.stdout, /has neither a `spillway` block nor a function with its keys/)
    })

    it('leaves ordinary functions to the framework, and takes its own ones out of the stack', async () => {
      const mixed = copyFixture('mixed', root)
      dispatcher.announce(mixed)
      const packaged = await run('package', { cwd: mixed })
      assert.equal(packaged.code, 0, packaged.stdout)
      assert.ok(existsSync(join(mixed, '.serverless', 'spillway.json')))
      const functions = Object.values(template(mixed).Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function')
      assert.deepEqual(
        functions.map(({ Properties }) => Properties.FunctionName),
        ['mixed-dev-hello'],
      )
      const [deployed, invoked] = await Promise.all([
        run('deploy -f work', { cwd: mixed }),
        run('spillway register', { cwd: mixed }),
      ])
      assert.equal(deployed.code, 0, deployed.stdout)
      assert.equal(invoked.code, 0, invoked.stdout)
      assert.equal(dispatcher.functions.get('mixed-dev-work')?.release, 1)
    })
  })

const PROBLEMS = [
  /serverless\.yml has 9 problems:/,
  /spillway\.backends\.kubernetes is not available in this version \(0\.1\); available: local/,
  /functions\.first\.outptu is not a known key, got "photos\/out\/"\. Did you mean output\?/,
  /functions\.first\.timeout must be number, got "20x"/,
  /functions\.first\.script does not exist, got "missing\.sh"/,
  /functions\.second\.backends names lambda, which is not available in this version/,
  /functions\.second\.handler is for ordinary Lambda functions/,
  /functions\.second\.events is for ordinary Lambda functions/,
  /functions\.third\.files\[0\] matches no file, got "nothing\/\*\.txt"/,
  /functions\.third starts itself: third -> third/,
]

interface Template {
  Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>
}

/** What the framework compiled, less the time of packaging. */
function template(directory: string): Template {
  const text = readFileSync(join(directory, '.serverless', 'cloudformation-template-update-stack.json'), 'utf8')
  return JSON.parse(text.replaceAll(/[0-9]{13}-[0-9TZ:.-]+/g, 'TIME')) as Template
}
