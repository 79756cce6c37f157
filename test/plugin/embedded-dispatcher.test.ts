import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { dispatcherConfig, startEmbedded } from '../../plugin/embedded-dispatcher.js'
import { findEmbedded } from '../../plugin/locate-dispatcher.js'
import { readService } from '../../plugin/read-service.js'
import type { Service } from '../../plugin/service.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const PROGRAM = resolve(__dirname, 'programs', 'dispatcher.cjs')

describe('the embedded dispatcher', () => {
  const directory = temporaryDirectory()
  const service = (): Service => {
    const spillway = { storage: { here: { type: 'directory', path: './data' } } }
    const configuration = { spillway, functions: { work: { command: ['date'] } } }
    return readService({ service: 's', stage: 'dev', directory: directory(), region: 'us-east-1', configuration })
      .service!
  }
  const start = (signal = new AbortController().signal) =>
    startEmbedded(service(), { port: 0, signal, program: PROGRAM })

  afterEach(() => {
    delete process.env.TEST_DISPATCHER_FAIL
  })

  it('gets its configuration from the block, with absolute paths', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(dispatcherConfig(service(), 7700))), {
      listen: '127.0.0.1:7700',
      database: `sqlite:${join(directory(), '.spillway', 'spillway.db')}`,
      stateDirectory: join(directory(), '.spillway'),
      storage: { here: { type: 'directory', path: join(directory(), 'data') } },
      backends: { local: { keepAlive: 60, containers: 'auto', containerOptions: [] } },
      routing: { prefer: 'private', waitingBudget: { factor: 0.9, min: 0, max: 86400 } },
    })
  })

  it('is ready when it says so itself, and ends when it is stopped', async () => {
    const dispatcher = await start()
    try {
      assert.equal((await findEmbedded(directory()))?.pid, dispatcher.address.pid)
    } finally {
      await dispatcher.stop()
    }
    assert.equal(dispatcher.ended.aborted, true)
    assert.equal(existsSync(join(directory(), '.spillway', 'dispatcher.json')), false)
    assert.equal(readFileSync(join(directory(), '.spillway', '.gitignore'), 'utf8'), '*\n')
  })

  it('does not see the settings of another dispatcher, but secrets and the credentials of storage', async () => {
    const kept = ['SPILLWAY_SECRET_KEY', 'SPILLWAY_STORAGE_HERE_PASSWORD']
    const given = [...kept, 'SPILLWAY_TOKENS_USER', 'SPILLWAY_LISTEN', 'SPILLWAY_DATABASE', 'SPILLWAY_STATE_DIRECTORY']
    for (const name of given) process.env[name] = 'of another'
    try {
      await (await start()).stop()
    } finally {
      for (const name of given) delete process.env[name]
    }
    const seen = JSON.parse(readFileSync(join(directory(), '.spillway', 'settings.json'), 'utf8')) as string[]
    assert.deepEqual(seen.sort(), kept)
  })

  it('shows its last words when it dies at start', async () => {
    process.env.TEST_DISPATCHER_FAIL = '1'
    await assert.rejects(start(), {
      code: 'dispatcher-unreachable',
      message: /dispatcher\.log ends with:\nthe disk is on fire$/,
    })
  })

  it('does not start when it is called off', async () => {
    await assert.rejects(start(AbortSignal.abort(new Error('called off'))), /called off/)
  })
})
