/** `serverless spillway top` without a CLI around it: on a terminal, and where there is none. */
import assert from 'node:assert/strict'
import { top } from '../../../plugin/commands/top.js'
import { copyFixture } from '../../support/cli.js'
import { commandIn, type CommandRun } from '../../support/command.js'
import { eventually } from '../../support/eventually.js'
import { FakeDispatcher } from '../../support/fake-dispatcher.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

describe('serverless spillway top', () => {
  const root = temporaryDirectory()
  let fake: FakeDispatcher
  let directory: string
  let stop: AbortController

  beforeEach(async () => {
    directory = copyFixture('thumbnails', root())
    fake = await new FakeDispatcher().listen()
    fake.announce(directory)
    stop = new AbortController()
  })
  afterEach(() => {
    stop.abort()
    return fake.close()
  })

  const watching = (run: CommandRun) =>
    eventually(() => run.said.some((line) => line.includes('Watching thumbnails at')))
  const work = () => fake.addInvocation('thumbnails-dev-echo', Buffer.from('hello'), 'text/plain')

  it('writes lines where there is no terminal, and ends when all is done', async () => {
    const run = commandIn(directory, { 'until-done': true })
    const terminal = { write: () => assert.fail('drawn') }
    const ended = top(run.context, { terminal, signal: stop.signal })
    await watching(run)
    work()
    await ended
    assert.match(
      run.printed.join('\n'),
      /request \(5 B\) succeeded on local \(waited 0[.0-9]* s, took 1\.5 s\); local: it is the only/,
    )
    assert.match(run.printed.at(-1)!, /^1 done in [0-9.]+ s: 1 on local$/)
  })

  it('draws on a terminal until it is told to stop, and leaves the last state to read', async () => {
    const run = commandIn(directory)
    run.context = { ...run.context, environment: { ...run.context.environment, terminal: 'monochrome' } }
    let drawn = ''
    const terminal = { isTTY: true, columns: 100, rows: 20, write: (text: string) => (drawn += text) }
    const ended = top(run.context, { terminal, signal: stop.signal })
    await watching(run)
    work()
    await eventually(() => drawn.includes('✔ '))
    await fake.close()
    await eventually(() => drawn.includes('No dispatcher answers'))
    stop.abort()
    await ended
    assert.ok(drawn.endsWith('\x1b[?25h\x1b[?1049l'))
    assert.match(run.printed.join('\n'), /\nprivate +local .*1 done/)
  })
})
