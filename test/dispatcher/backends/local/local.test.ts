/** The local back-end: the suite of back-ends and the runtime contract, through a real dispatcher process. */
import { execFileSync } from 'node:child_process'
import { backendSuite } from '../../../suites/backend.suite.js'
import { runtimeContractSuite } from '../../../suites/runtime-contract.suite.js'
import { startDispatcherRuntime } from '../../../support/containers/dispatcher-runtime.js'
import { DispatcherProcess, dispatchers } from '../../../support/dispatcher-process.js'
import { fileSignals } from '../../../support/script-signals.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

const config = { lease: 2, heartbeat: 0.3, drain: 0, backends: { local: { slots: 2, containers: 'off' } } }

describe('local back-end', () => {
  const directory = temporaryDirectory()
  const start = dispatchers(directory)
  const signals = fileSignals(directory)
  backendSuite({
    name: 'local',
    start: () => start({ config: { ...config } }),
    spec: {},
    signals: () => signals,
    killWorker: async (dispatcher) => {
      for (const pid of workersOf(dispatcher)) process.kill(pid, 'SIGKILL')
    },
    unsupported: { outOfMemory: 'a process on this machine has no memory limit of its own' },
  })
})

runtimeContractSuite({ name: 'local back-end', start: () => startDispatcherRuntime({ spec: {} }) })

function workersOf({ pid }: DispatcherProcess): number[] {
  const rows = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(pid)], { encoding: 'utf8' }).split('\n')
  return rows.filter((row) => row.includes('supervisor.cjs')).map((row) => Number.parseInt(row, 10))
}
