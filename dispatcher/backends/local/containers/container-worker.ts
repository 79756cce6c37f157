/** One worker in a container of the function's image, from start to the end of everything it started. */
import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { WorkerFile } from '../../../../runtime/contract/runtime-api.js'
import { handToken, PID_FILE, type Worker } from '../worker.js'
import { inOneLine } from './engine-call.js'
import type { ContainerEngine } from './engine.js'
import { runArguments, supervisorVariables, type ContainerRun } from './run-arguments.js'

export interface ContainerStart {
  engine: ContainerEngine
  run: Omit<ContainerRun, 'workerFile' | 'scratch'>
  /** Directory of this worker's own on this machine. */
  directory: string
  /** `host:port` of the Runtime API. */
  runtimeApi: string
  token: string
  file: WorkerFile
  /** `fault`: the container did not even start, with the engine's own words. */
  onEnd(why: string, fault?: string): void
}

/** Exit codes by which an engine says that nothing ran: https://docs.docker.com/engine/containers/run/#exit-status */
const NOT_STARTED = [125, 126, 127]

/** Exit code of a container that was killed. */
const KILLED = 137

/** Milliseconds in which a killed container must be gone before its client is killed too. */
const KILL_MS = 10_000

const PROXY = /^(https?|ftp|no|all)_proxy$/i

interface ClientEnd {
  code: number | null
  signal: NodeJS.Signals | null
  error?: Error
}

export class ContainerWorker implements Worker {
  readonly #child: ChildProcess
  readonly #start: ContainerStart
  readonly ended: Promise<void>

  constructor(start: ContainerStart) {
    this.#start = start
    this.#child = launch(start)
    this.ended = endOf(this.#child).then((end) => this.#finish(end))
  }

  /** The client passes the signal on to the supervisor. */
  stop(): void {
    this.#child.kill('SIGTERM')
  }

  kill(): void {
    const { engine, run } = this.#start
    const late = new AbortController()
    const lost = delay(KILL_MS, undefined, { signal: late.signal }).then(
      () => this.#child.kill('SIGKILL'),
      () => undefined,
    )
    void Promise.race([engine.remove(run.name), lost])
    void this.ended.then(() => late.abort())
  }

  /** A client that did not end by itself may have left its container behind. */
  async #finish({ code, signal, error }: ClientEnd): Promise<void> {
    const { engine, run, directory, onEnd } = this.#start
    const notStarted = code !== null && NOT_STARTED.includes(code)
    const words = notStarted ? inOneLine(readLog(directory)) : undefined
    if (signal !== null || notStarted || code === KILLED) await engine.remove(run.name)
    await rm(directory, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined)
    if (error) onEnd(`the worker could not be started: ${error.message}`)
    else if (signal) onEnd(`the client of the container was killed by ${signal}`)
    else
      onEnd(
        `the container ended with exit code ${code}${code === KILLED ? ' (killed, perhaps for memory)' : ''}`,
        words,
      )
  }
}

/** The scratch space is for whoever the image's user is; others on this machine cannot reach it through its parent. */
function launch(start: ContainerStart): ChildProcess {
  const { engine, directory, file, runtimeApi, token } = start
  const workerFile = join(directory, 'worker.json')
  const scratch = join(directory, 'container')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  mkdirSync(scratch)
  chmodSync(scratch, 0o777)
  writeFileSync(workerFile, JSON.stringify(file))
  chmodSync(workerFile, 0o644)
  const log = openSync(join(directory, LOG), 'a')
  try {
    const child = spawn(engine.name, runArguments({ ...start.run, workerFile, scratch }), {
      // Podman's monitor leaves a file where it runs when memory ran out.
      cwd: directory,
      detached: true,
      stdio: ['pipe', log, log],
      env: { ...withoutProxies(engine.environment), ...supervisorVariables(runtimeApi) },
    })
    handToken(child, token)
    if (child.pid !== undefined) writeFileSync(join(directory, PID_FILE), String(child.pid))
    return child
  } finally {
    closeSync(log)
  }
}

const LOG = 'log'

/** Podman would hand them to the container. */
const withoutProxies = (environment: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !PROXY.test(name)))

const endOf = (child: ChildProcess): Promise<ClientEnd> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })

function readLog(directory: string): string {
  try {
    return readFileSync(join(directory, LOG), 'utf8')
  } catch {
    return ''
  }
}
