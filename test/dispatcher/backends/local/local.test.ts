/** The local back-end: the suite of back-ends and the runtime contract, through a real dispatcher process. */
import { execFileSync } from 'node:child_process'
import { backendSuite } from '../../../suites/backend.suite.js'
import { runtimeContractSuite } from '../../../suites/runtime-contract.suite.js'
import { startDispatcherRuntime } from '../../../support/containers/dispatcher-runtime.js'
import { DispatcherProcess, dispatchers } from '../../../support/dispatcher-process.js'
import { fileSignals } from '../../../support/script-signals.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

const common = { lease: 2, heartbeat: 0.3, drain: 0 }
const machine = { slots: 2, containers: 'off' }

/** The same machine as your own, and in the part of Lambda. */
for (const name of ['local', 'rehearsal'])
  describe(`${name} back-end`, () => {
    const directory = temporaryDirectory()
    const start = dispatchers(directory)
    const signals = fileSignals(directory)
    backendSuite({
      name,
      start: () => start({ config: { ...common, backends: { [name]: machine } } }),
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
