import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sweep } from '../../../../dispatcher/backends/local/left-overs.js'
import { PROCESS_GROUP_FILE } from '../../../../runtime/contract/worker-environment.js'
import { eventually } from '../../../support/eventually.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

describe('left-overs of an earlier dispatcher', () => {
  const directory = temporaryDirectory()
  const children: ChildProcess[] = []
  afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')))

  /** A process in a group of its own, like a script. */
  function start(environment: Record<string, string>): ChildProcess {
    const child = spawn('sleep', ['300'], {
      detached: true,
      stdio: 'ignore',
      env: { PATH: process.env.PATH, ...environment },
    })
    children.push(child)
    return child
  }

  function worker(name: string, { pid, group }: { pid?: number; group?: number }): string {
    const place = join(directory(), name)
    mkdirSync(join(place, 'scratch'), { recursive: true })
    if (pid !== undefined) writeFileSync(join(place, 'pid'), String(pid))
    if (group !== undefined) writeFileSync(join(place, 'scratch', PROCESS_GROUP_FILE), String(group))
    return place
  }

  it('are workers that may finish, and dead ones that go with their scripts', async function () {
    if (process.platform !== 'linux') this.skip()
    const alive = start({ SPILLWAY_SCRATCH: join(directory(), 'alive', 'scratch') })
    const inGroup = start({ TMP_OUTPUT_DIR: join(directory(), 'dead', 'scratch', 'a', 'output') })
    const outOfGroup = start({ TMP_OUTPUT_DIR: join(directory(), 'dead', 'scratch', 'a', 'output') })
    worker('alive', { pid: alive.pid! })
    const dead = worker('dead', { group: inGroup.pid! })
    assert.deepEqual(sweep(directory()), { alive: ['alive'], dead: ['dead'] })
    await eventually(() => inGroup.signalCode === 'SIGKILL' && outOfGroup.signalCode === 'SIGKILL')
    assert.deepEqual([existsSync(dead), alive.exitCode, alive.signalCode], [false, null, null])
  })

  it('are not programs that have their numbers since the machine was started anew', async function () {
    if (process.platform !== 'linux') this.skip()
    const stranger = start({})
    const script = start({ TMP_OUTPUT_DIR: join(directory(), 'gone', 'scratch', 'a', 'output') })
    worker('gone', { pid: stranger.pid!, group: stranger.pid! })
    assert.deepEqual(sweep(directory()), { alive: [], dead: ['gone'] })
    await eventually(() => script.signalCode === 'SIGKILL')
    assert.deepEqual([stranger.exitCode, stranger.signalCode], [null, null])
  })
})
