/** What commands do and say, without a CLI around them; `cli.test.ts` shows that every CLI reaches them. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deploy, deployFunction } from '../../plugin/commands/deploy.js'
import { explain } from '../../plugin/commands/explain.js'
import { graph } from '../../plugin/commands/graph.js'
import { invocations } from '../../plugin/commands/invocations.js'
import { invoke } from '../../plugin/commands/invoke.js'
import { logs } from '../../plugin/commands/logs.js'
import { metrics } from '../../plugin/commands/metrics.js'
import { packageService } from '../../plugin/commands/package.js'
import { redrive } from '../../plugin/commands/redrive.js'
import { remove } from '../../plugin/commands/remove.js'
import type { Options } from '../../plugin/serverless.js'
import { copyFixture, filesBelow } from '../support/cli.js'
import { commandIn } from '../support/command.js'
import { FakeDispatcher, type SeenRequest } from '../support/fake-dispatcher.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const THUMBNAIL = 'thumbnails-dev-thumbnail'
const ECHO = 'thumbnails-dev-echo'
const BESIDE_NOTHING = { aws: false, configuredPath: undefined }

describe('the commands', () => {
  const root = temporaryDirectory()
  let directory: string
  let dispatcher: FakeDispatcher

  const at = (options: Options = {}) => commandIn(directory, options)
  const accept = (body: string) => dispatcher.addInvocation(ECHO, Buffer.from(body), 'text/plain')
  const edit = (change: (yaml: string) => string) => {
    const file = join(directory, 'serverless.yml')
    writeFileSync(file, change(readFileSync(file, 'utf8')))
  }

  beforeEach(async () => {
    directory = copyFixture('thumbnails', root())
    dispatcher = await new FakeDispatcher().listen()
    dispatcher.announce(directory)
  })
  afterEach(() => dispatcher.close())

  describe('deploy', () => {
    it('refuses a package of other files', async () => {
      packageService(at({ package: 'elsewhere' }).context, BESIDE_NOTHING)
      const elsewhere = join(directory, 'elsewhere')
      await deploy(at({ package: elsewhere }).context)
      edit((yaml) => `${yaml}  more:\n    command: [date]\n`)
      await assert.rejects(deploy(at({ package: elsewhere }).context), {
        code: 'invalid-request',
        message: /is not of these files; changed: more\. Run `serverless package` again/,
      })
    })

    it('removes what left the configuration, and nothing that another service deployed', async () => {
      dispatcher.functions.set('thumbnails-dev-other', {} as never)
      edit((yaml) => `${yaml}  more:\n    command: [date]\n`)
      await deploy(at().context)
      assert.ok(dispatcher.functions.has('thumbnails-dev-more'))
      edit((yaml) => yaml.replace('  more:\n    command: [date]\n', ''))
      const run = at()
      await deploy(run.context)
      assert.ok(run.said.includes('success: thumbnails-dev-more: removed, it is no longer in the configuration'))
      assert.deepEqual([...dispatcher.functions.keys()], ['thumbnails-dev-other', THUMBNAIL, ECHO])
    })

    it('needs a dispatcher, and says how to get one', async () => {
      dispatcher.announce(directory, { pid: 2 ** 22 + 1 })
      await assert.rejects(deploy(at().context), {
        message: /^No dispatcher runs for this service\. Start one with `serverless spillway dev`, or set `spillway\./,
      })
    })

    it('of one function needs its name', async () => {
      await assert.rejects(deployFunction(at({ function: 'nope' }).context), {
        message: /no function nope of Spillway in this service; known: thumbnail, echo/,
      })
    })
  })

  describe('remove', () => {
    it('leaves nothing: no function, nothing in .serverless/, no list of names', async () => {
      packageService(at().context, BESIDE_NOTHING)
      await deploy(at().context)
      const run = at()
      await remove(run.context)
      assert.deepEqual([...dispatcher.functions.keys()], [])
      assert.deepEqual(run.said, [`success: ${THUMBNAIL}: removed`, `success: ${ECHO}: removed`])
      assert.equal(existsSync(join(directory, '.serverless')), false)
      assert.deepEqual(filesBelow(join(directory, '.spillway')), ['.gitignore', 'dispatcher.json'])
    })

    it('leaves no .spillway/ where the dispatcher is another one', async () => {
      const other = copyFixture('thumbnails', join(root(), 'other'))
      const run = commandIn(other)
      run.context.service.config.dispatcher = dispatcher.url
      await deploy(run.context)
      assert.ok(existsSync(join(other, '.spillway', 'deployed.json')))
      await remove(run.context)
      assert.equal(existsSync(join(other, '.spillway')), false)
    })

    it('takes .spillway/ away where its dispatcher does not run, and never a data folder', async () => {
      await deploy(at().context)
      dispatcher.announce(directory, { pid: 2 ** 22 + 1 })
      mkdirSync(join(directory, 'data'))
      const run = at()
      await remove(run.context)
      const state = join(directory, '.spillway')
      assert.deepEqual(run.said, [
        `notice: No dispatcher runs for this service: its functions, and the record of what they did, are only in ${state}`,
        `success: ${state}: removed`,
      ])
      assert.deepEqual([existsSync(state), existsSync(join(directory, 'data'))], [false, true])
      const again = at()
      await remove(again.context)
      assert.deepEqual(again.said, ['notice: No dispatcher runs for this service, and it has left nothing here.'])
    })

    it('keeps .spillway/ for another stage, for data in it, and for a dispatcher that lives but does not answer', async () => {
      await deploy(at({ stage: 'prod' }).context)
      dispatcher.announce(directory, { pid: 2 ** 22 + 1 })
      const other = at()
      await remove(other.context)
      assert.match(other.said.join(), /\.spillway stays: it holds thumbnails-prod-echo, thumbnails-prod-thumbnail too/)
      edit((yaml) => yaml.replace('./data', './.spillway/data'))
      const withData = at({ stage: 'prod' })
      await remove(withData.context)
      assert.match(withData.said.join(), /\.spillway stays: the data folder .*\.spillway\/data is in it/)
      dispatcher.announce(directory, { url: 'http://127.0.0.1:1' })
      await assert.rejects(remove(at({ stage: 'prod' }).context), {
        code: 'dispatcher-unreachable',
        message: /pid [0-9]+, http:\/\/127\.0\.0\.1:1\) does not answer/,
      })
      assert.ok(existsSync(join(directory, '.spillway', 'deployed.json')))
    })
  })

  describe('metrics', () => {
    it('gives the figures of all functions and of each', async () => {
      for (const body of ['a', 'b', 'fail', 'wait']) accept(body)
      const run = at()
      await metrics(run.context, { aws: false })
      const [title, period, ...figures] = run.printed
      assert.equal(title, 'Service wide metrics')
      assert.match(period!, /^[A-Z][a-z]+ [0-9]+, 20[0-9]{2} [0-9]+:[0-9]{2} [AP]M - [A-Z][a-z]+ .* [AP]M\n$/)
      assert.deepEqual(figures, [
        'invocations: 4',
        'succeeded: 2',
        'waiting or running: 1',
        'throttles: 0',
        'errors: 1 (script-exit 1)',
        'duration (avg.): 1495ms',
        'duration (p50): 1495ms',
        'duration (p95): 1495ms',
        '',
        'function   invocations  succeeded  throttles  avg.    p50     p95     errors',
        'thumbnail  0            0          0                                  0',
        'echo       4            2          0          1495ms  1495ms  1495ms  1 (script-exit 1)',
      ])
    })

    it('is about one function, and the time that was asked for', async () => {
      accept('now').acceptedAt = Date.parse('2026-02-01T10:00:00Z')
      const count = async (startTime: string, endTime?: string) => {
        const run = at({ function: 'echo', startTime, endTime })
        await metrics(run.context, { aws: false })
        return [run.printed[0], run.printed[2]]
      }
      assert.deepEqual(await count('2026-02-01T09:59:59'), ['echo', 'invocations: 1'])
      assert.deepEqual(await count('2026-02-01T10:00:01'), ['echo', 'invocations: 0'])
      assert.deepEqual(await count('2026-01-31', '2026-02-01T09:59:59'), ['echo', 'invocations: 0'])
      await assert.rejects(count('2026-01-31', 'soon'), { message: /--endTime must be a time ago/ })
    })

    it('reads the newest 10,000 page by page, and says so where there were more', async () => {
      const first = accept('first')
      for (let number = 0; number < 10_000; number++)
        dispatcher.invocations.set(String(number), { ...first, id: String(number), function: ECHO })
      const run = at({ function: 'echo' })
      await metrics(run.context, { aws: false })
      assert.equal(run.printed[2], 'invocations: 10000')
      assert.match(run.said.join(), /^warning: echo: there are more than the newest 10,000 invocations/)
      assert.equal(dispatcher.seen('GET /v1/invocations').length, 11)
    })

    it('beside AWS is silent about a function of AWS, and has a title of its own', async () => {
      const about = at({ function: 'lambda' })
      await metrics(about.context, { aws: true })
      assert.deepEqual(about.printed, [])
      const all = at()
      await metrics(all.context, { aws: true })
      assert.equal(all.printed[0], 'Functions of Spillway')
    })
  })

  it('invoke sends a file byte for byte; with --type Event it prints the id, and no other type is known', async () => {
    await deploy(at().context)
    writeFileSync(join(directory, 'body.bin'), Buffer.from([0xff, 0x00, 0x0a]))
    const run = at({ function: 'echo', path: 'body.bin', type: 'Event' })
    await invoke(run.context)
    assert.deepEqual(run.printed, [...dispatcher.invocations.keys()])
    const [{ body, headers }] = dispatcher.seen(`POST /v1/functions/${ECHO}/invocations`) as [SeenRequest]
    assert.deepEqual([body, headers['content-type']], [Buffer.from([0xff, 0x00, 0x0a]), 'application/octet-stream'])
    await assert.rejects(invoke(at({ function: 'echo', type: 'Later' }).context), {
      message: '--type must be RequestResponse or Event, got "Later".',
    })
  })

  it('logs prints every line: time, invocation, text', async () => {
    const { id } = accept('line')
    const run = at({ function: 'echo' })
    await logs(run.context)
    assert.match(run.printed[0]!, new RegExp(`^20[0-9T:.-]+Z ${id.slice(-8)} reading 4 bytes$`))
    assert.equal(run.printed.length, 2)
    await assert.rejects(logs(at({ function: 'echo', startTime: 'soon' }).context), {
      message: /--startTime must be a time ago/,
    })
    await assert.rejects(logs(at({ function: 'echo', filter: '(' }).context), { message: /--filter must be a regular/ })
  })

  it('invocations lists the newest, also as JSON', async () => {
    for (const body of ['a', 'b', 'fail']) accept(body)
    const json = at({ json: true, limit: '2' })
    await invocations(json.context)
    assert.equal((JSON.parse(json.printed.join('\n')) as object[]).length, 2)
    await assert.rejects(invocations(at({ state: 'lost' }).context), { message: /--state must be one of accepted, / })
  })

  it('explain takes an id, or the end of one, as --id too', async () => {
    const { id } = accept('fail')
    const [full, short] = [at(), at({ id: id.slice(-8) })]
    await explain(full.context, id)
    await explain(short.context, undefined)
    assert.equal(full.printed[0], `${id} is failed`)
    assert.deepEqual(short.printed, full.printed)
    assert.match(
      full.printed.join('\n'),
      /1 on local at .*: took 1\.5 s \(fetching 0\.01 s, script 1\.4 s, publishing 0\.04 s\); script-exit/,
    )
    for (const unknown of ['ffffffff', 'nope'])
      await assert.rejects(explain(at().context, unknown), {
        code: 'invocation-not-found',
        message: /`serverless spillway invocations` lists what there is\.$/,
      })
  })

  it('redrive takes one invocation or one function', async () => {
    await deploy(at().context)
    const [{ id }, other] = [accept('fail'), accept('fail')]
    await redrive(at().context, id)
    assert.deepEqual([dispatcher.invocations.get(id)?.state, other.state], ['queued', 'failed'])
    const all = at({ function: 'echo' })
    await redrive(all.context, undefined)
    assert.deepEqual(all.said, [`success: ${ECHO}: 1 invocation(s) queued again`])
    await assert.rejects(redrive(at().context, undefined), { message: /Name one invocation/ })
  })

  it('graph draws text, mermaid and dot, and nothing else', () => {
    for (const [format, first] of [
      ['text', 'here://photos/in/'],
      ['mermaid', 'flowchart LR'],
      ['dot', 'digraph spillway {'],
    ]) {
      const run = at({ format })
      graph(run.context)
      assert.equal(run.printed[0], first)
    }
    assert.throws(() => graph(at({ format: 'svg' }).context), {
      message: '--format must be one of text, mermaid, dot, got "svg".',
    })
  })
})
