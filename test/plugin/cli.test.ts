/**
 * The whole plugin on every CLI that is there: real command lines, real files, a dispatcher that runs nothing. A CLI takes
 * a second to start, so what needs none is in `commands.test.ts`, and command lines that do not mind each other run at once.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyFixture, describeOnClis, filesBelow, runCli, type CliRun } from '../support/cli.js'
import { FakeDispatcher } from '../support/fake-dispatcher.js'

const THUMBNAIL = 'thumbnails-dev-thumbnail'
const ECHO = 'thumbnails-dev-echo'

describeOnClis('the plugin', function (cli) {
  this.timeout(120_000)
  let root: string
  let directory: string
  let dispatcher: FakeDispatcher

  const run = (args: string, options: Partial<CliRun> = {}) =>
    runCli(cli, args.split(' '), { cwd: directory, ...options })

  before(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-test-')))
    directory = copyFixture('thumbnails', root)
    dispatcher = await new FakeDispatcher().listen()
  })
  after(async () => {
    await dispatcher.close()
    rmSync(root, { recursive: true, force: true })
  })

  const packaged = () => readFileSync(join(directory, '.serverless', 'spillway.json'), 'utf8')

  it('prints the configuration as it is written, and packages what will be registered, and nothing of AWS', async () => {
    const printed = await run('print')
    assert.match(printed.stdout, /script: thumbnail\.sh/)
    assert.match(printed.stdout, /timeout: 20m/)
    const { code, stdout } = await run('package')
    assert.equal(code, 0, stdout)
    assert.deepEqual(filesBelow(join(directory, '.serverless')), ['spillway.json'])
    const { functions } = JSON.parse(packaged()) as {
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
  })

  it('deploys, says where to drop files, and says when nothing changed', async () => {
    dispatcher.announce(directory, { token: 'embedded' })
    const before = packaged()
    const first = await run('deploy')
    assert.equal(packaged(), before, 'packaged again, byte for byte the same')
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
    const [again, one] = await Promise.all([run('deploy --package .serverless'), run('deploy -f echo')])
    assert.match(again.stderr, new RegExp(`${THUMBNAIL}: unchanged, release 1`))
    assert.match(one.stderr, new RegExp(`${ECHO}: unchanged, release 1`))
    assert.doesNotMatch(one.stderr, new RegExp(THUMBNAIL))
  })

  it('warns of a back-end that is listed and can never run the function', async () => {
    const warning = 'lambda: listed, but it can never run this function: gpu 1 is over 0'
    dispatcher.warnings = [warning]
    const { code, stderr } = await run('deploy -f echo')
    dispatcher.warnings = []
    assert.equal(code, 0, stderr)
    assert.match(stderr, new RegExp(`warning.*${ECHO}: ${warning}`, 'is'))
  })

  it('invokes with -d and standard input; only the result is on standard output', async () => {
    const [data, piped, failed] = await Promise.all([
      run('invoke -f echo -d {"a":1}'),
      run('invoke -f echo --log --raw', { input: '{"b":2}\n' }),
      run('invoke -f echo -d fail'),
    ])
    assert.deepEqual([data.code, data.stdout], [0, '{"a":1}'])
    assert.equal(piped.stdout, '{"b":2}\n')
    assert.match(piped.stderr, /reading 8 bytes/)
    const sent = dispatcher.seen(`POST /v1/functions/${ECHO}/invocations`)
    assert.deepEqual(sent.map(({ headers, body }) => `${String(body)} ${headers['content-type']}`).sort(), [
      'fail text/plain; charset=utf-8',
      '{"a":1} application/json',
      '{"b":2}\n text/plain; charset=utf-8',
    ])
    assert.deepEqual([failed.code, failed.stdout], [1, ''], 'a failure too leaves standard output alone')
    assert.match(failed.stderr, /no such thing/)
    assert.match(failed.stderr, new RegExp(`${ECHO}: script-exit: the script ended with exit code 3`))
    assert.match(failed.stderr, /serverless spillway explain [0-9a-f-]{36}/)
  })

  it('informs, prints figures, logs and the graph on standard output', async () => {
    const [info, metrics, logs, graph] = await Promise.all([
      run('info'),
      run('metrics -f echo --startTime 1h'),
      run('logs -f echo --filter ^no --startTime 1h'),
      run('spillway graph --format mermaid'),
    ])
    assert.equal(info.code, 0, info.stdout)
    assert.match(info.stdout, new RegExp(`dispatcher: ${dispatcher.url}`))
    assert.match(
      info.stdout,
      new RegExp(
        `${THUMBNAIL}: release 1, 0 queued, 0 running\n  input: +here://photos/in/\n  output: +here://photos/out/`,
      ),
    )
    assert.match(
      metrics.stdout,
      /^echo\n.* - .*\n\ninvocations: 3\nsucceeded: 2\nthrottles: 0\nerrors: 1 \(script-exit 1\)\n/,
    )
    assert.match(logs.stdout, /^20[0-9T:.-]+Z [0-9a-f]{8} no such thing\n$/)
    assert.match(graph.stdout, /^flowchart LR\n {2}p0\[\("here:\/\/photos\/in\/"\)\]\n/)
  })

  it('passes on what back-ends and storages say', async () => {
    const breaker = { state: 'open' as const, faults: 5, retryAt: Date.now() + 3_600_000, cause: 'throttled' as const }
    const full = '0/3 nodes are available: 3 Insufficient cpu.'
    dispatcher.backends.push(
      { ...CLUSTER, healthy: true, messages: [full], notes: ['kit: an image volume'] },
      { ...CLUSTER, name: 'lambda', public: true, healthy: true, breaker },
    )
    dispatcher.storages!.push({
      name: 'lake',
      type: 'minio',
      healthy: false,
      messages: ['lake://in: it does not answer'],
    })
    const { code, stdout } = await run('info')
    dispatcher.backends.splice(1)
    dispatcher.storages!.splice(1)
    assert.equal(code, 0, stdout)
    assert.match(stdout, /\nback-end local: 0 of 2 slots in use\nback-end kubernetes: 3 of 4 slots in use\n/)
    assert.ok(stdout.includes(`  note: kit: an image volume\n  ${full}\n`), stdout)
    assert.match(
      stdout,
      /back-end lambda: .*\n {2}kept away: 5 faults in a row, the last one throttled; tried again in/,
    )
    assert.match(stdout, /\nstorage lake: work waits because of it\n {2}lake:\/\/in: it does not answer/)
    assert.doesNotMatch(stdout, /storage here/)
  })

  it('lists, explains, cancels and redrives invocations', async () => {
    const failed = [...dispatcher.invocations.values()].find(({ state }) => state === 'failed')!
    const waiting = dispatcher.addInvocation(ECHO, Buffer.from('wait'), 'text/plain')
    const [list, explained, cancelled] = await Promise.all([
      run('spillway invocations -f echo --state failed'),
      run(`spillway explain ${failed.id}`),
      run(`spillway cancel --id ${waiting.id}`),
    ])
    assert.match(
      list.stdout,
      new RegExp(`${failed.id.slice(-8)} .* failed .* request \\(4 B\\)  script-exit: the script ended`),
    )
    assert.match(explained.stdout, /is failed\n  function: thumbnails-dev-echo, release 1\n  input: request \(4 B, /)
    assert.match(explained.stdout, /local: it is the only back-end\n/)
    assert.equal(cancelled.code, 0, cancelled.stdout)
    assert.equal(dispatcher.invocations.get(waiting.id)?.state, 'cancelled')
    const redriven = await run(`spillway redrive ${waiting.id}`)
    assert.match(redriven.stderr, new RegExp(`${waiting.id}: queued again`))
  })

  it('lists every problem at once, those of the framework too, and keeps out of other services', async () => {
    const problems = copyFixture('problems', root)
    const [withPlugin, without] = [
      copyFixture('plain', join(root, 'with')),
      copyFixture('plain', join(root, 'without')),
    ]
    const yaml = readFileSync(join(without, 'serverless.yml'), 'utf8')
    writeFileSync(join(without, 'serverless.yml'), yaml.replace('serverless-spillway', 'nothing'))
    writeFileSync(join(root, 'without', 'node_modules', 'nothing.js'), 'module.exports = class Nothing {}')
    const [refused, own, ...prints] = await Promise.all([
      run('print', { cwd: problems }),
      run('spillway invocations', { cwd: withPlugin }),
      ...[withPlugin, without].map((cwd) => run('print', { cwd })),
    ])
    assert.equal(refused.code, 1)
    for (const expected of PROBLEMS) assert.match(refused.stdout, expected)
    assert.match(refused.stdout + refused.stderr, /at 'functions\.ordinary': unrecognized property 'memroySize'/)
    assert.match(own.stdout, /has neither a `spillway` block nor a function with its keys/)
    assert.equal(prints[0]!.stdout, prints[1]!.stdout.replace('nothing', 'serverless-spillway'))
    await Promise.all([withPlugin, without].map((cwd) => run('package', { cwd })))
    const packages = [packageOf(withPlugin, 'serverless-spillway'), packageOf(without, 'nothing')]
    assert.ok(packages[0]!.size >= 4, [...packages[0]!.keys()].join())
    assert.deepEqual(packages[0], packages[1], 'byte for byte what they were')
  })

  it('leaves ordinary functions to the framework, takes its own ones out of the stack, and removes them', async () => {
    const mixed = copyFixture('mixed', root)
    dispatcher.announce(mixed)
    const [packaged, removed] = await Promise.all([run('package', { cwd: mixed }), run('remove')])
    assert.equal(packaged.code, 0, packaged.stdout)
    assert.ok(existsSync(join(mixed, '.serverless', 'spillway.json')))
    const functions = Object.values(template(mixed).Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function')
    assert.deepEqual(
      functions.map(({ Properties }) => Properties.FunctionName),
      ['mixed-dev-hello'],
    )
    assert.equal(removed.code, 0, removed.stdout)
    assert.deepEqual([...dispatcher.functions.keys()], [])
    assert.equal(existsSync(join(directory, '.serverless')), false)
    const deployed = await run('deploy -f work', { cwd: mixed })
    assert.equal(deployed.code, 0, deployed.stdout)
    assert.equal(dispatcher.functions.get('mixed-dev-work')?.release, 1)
  })
})

const CLUSTER = {
  name: 'kubernetes' as const,
  public: false,
  healthy: true,
  slots: 4,
  workers: 3,
  running: 3,
  notes: [],
}

const PROBLEMS = [
  /serverless\.yml has 9 problems:/,
  /functions\.first\.outptu is not a known key, got "photos\/out\/"\. Did you mean output\?/,
  /functions\.first\.timeout must be a time, got "20x"/,
  /functions\.first\.script does not exist, got "missing\.sh"/,
  /functions\.second\.image is missing; lambda runs nothing without an image/,
  /functions\.second\.backends must list back-ends that the service configures, got "lambda"/,
  /functions\.second\.handler is for ordinary Lambda functions/,
  /functions\.second\.events is for ordinary Lambda functions/,
  /functions\.third\.files\[0\] matches no file, got "nothing\/\*\.txt"/,
  /functions\.third starts itself: third -> fourth -> third\./,
]

interface Template {
  Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>
}

/** What the framework compiled, less the time of packaging. */
/** Every file that packaging left; of texts all but the time, the folder and the name of the plugin, which differ by themselves. */
function packageOf(directory: string, plugin: string): Map<string, string> {
  const folder = join(directory, '.serverless')
  return new Map(
    filesBelow(folder).map((name) => {
      const content = readFileSync(join(folder, name))
      if (!name.endsWith('.json')) return [name, content.toString('base64')]
      const text = content.toString().replaceAll(directory, 'DIRECTORY').replaceAll(`"${plugin}"`, '"PLUGIN"')
      return [name, text.replaceAll(PACKAGED_AT, 'TIME')]
    }),
  )
}

/** `1795888584433-2026-11-28T17:56:24.433Z` */
const PACKAGED_AT = /[0-9]{13}-[0-9TZ:.-]+/g

function template(directory: string): Template {
  const text = readFileSync(join(directory, '.serverless', 'cloudformation-template-update-stack.json'), 'utf8')
  return JSON.parse(text.replaceAll(PACKAGED_AT, 'TIME')) as Template
}
