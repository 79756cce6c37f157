/** One worker: a process with the supervisor in it, from start to the end of everything it started. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, openSync, closeSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { WorkerFile } from '../../../runtime/contract/runtime-api.js'
import { SUPERVISOR_VARIABLES, TOKEN_ON_STANDARD_INPUT } from '../../../runtime/contract/worker-environment.js'
import { NODE_OPTIONS } from '../../images/kit-command.js'
import { killLeftScripts, readNumber } from './left-scripts.js'
import { handToken, PID_FILE, type Worker } from './worker.js'

export interface WorkerStart {
  id: string
  /** Directory of this worker's own: its file, its log, its scratch space. */
  directory: string
  /** Path of the bundled supervisor. */
  supervisor: string
  /** `host:port` of the Runtime API. */
  runtimeApi: string
  token: string
  file: WorkerFile
  /** What a script on this machine finds in its environment: PATH, HOME and the like. */
  machine: Readonly<Record<string, string>>
  onEnd(why: string): void
}

export class WorkerProcess implements Worker {
  readonly #child: ChildProcess
  readonly #directory: string
  readonly ended: Promise<void>

  constructor(start: WorkerStart) {
    this.#directory = start.directory
    const scratch = join(start.directory, 'scratch')
    mkdirSync(scratch, { recursive: true })
    writeFileSync(join(start.directory, 'worker.json'), JSON.stringify(start.file), { mode: 0o600 })
    const log = openSync(join(start.directory, 'log'), 'a')
    this.#child = spawn(process.execPath, [...NODE_OPTIONS, start.supervisor], {
      detached: true,
      stdio: ['pipe', log, log],
      env: environment(start, scratch),
    })
    closeSync(log)
    handToken(this.#child, start.token)
    if (this.#child.pid !== undefined) writeFileSync(join(start.directory, PID_FILE), String(this.#child.pid))
    this.ended = new Promise((resolve) => {
      const end = (why: string) => {
        this.#cleanUp()
        start.onEnd(why)
        resolve()
      }
      this.#child.once('error', (error) => end(`the worker could not be started: ${error.message}`))
      this.#child.once('exit', (code, signal) =>
        end(signal ? `the worker was killed by ${signal}` : `the worker ended with exit code ${code}`),
      )
    })
  }

  /** Asks it to give its attempt back and end. */
  stop(): void {
    this.#child.kill('SIGTERM')
  }

  kill(): void {
    this.#child.kill('SIGKILL')
    killLeftScripts(this.#directory)
  }

  #cleanUp(): void {
    killLeftScripts(this.#directory)
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

function environment({ runtimeApi, directory, machine }: WorkerStart, scratch: string): NodeJS.ProcessEnv {
  return {
    ...machine,
    [SUPERVISOR_VARIABLES.runtimeApi]: runtimeApi,
    [SUPERVISOR_VARIABLES.workerToken]: TOKEN_ON_STANDARD_INPUT,
    [SUPERVISOR_VARIABLES.workerFile]: join(directory, 'worker.json'),
    [SUPERVISOR_VARIABLES.scratch]: scratch,
  }
}

/** The pid that a worker directory was made for; undefined when it is unreadable. */
export const workerPid = (directory: string): number | undefined => readNumber(join(directory, PID_FILE))
