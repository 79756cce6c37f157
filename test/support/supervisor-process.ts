/** The supervisor as back-ends start it: its bundle, as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import type { WorkerFile } from '../../runtime/contract/runtime-api.js'
import { NODE_OPTIONS } from '../../dispatcher/images/kit-command.js'
import { SUPERVISOR_VARIABLES } from '../../runtime/contract/worker-environment.js'

let bundle: string | undefined

/** Built once per run of the tests, the way `npm run build:supervisor` builds it. */
export function supervisorBundle(): string {
  if (bundle) return bundle
  const directory = mkdtempSync(join(tmpdir(), 'spillway-bundle-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const outfile = join(directory, 'supervisor.cjs')
  buildSync({
    entryPoints: ['runtime/supervisor/main.ts'],
    bundle: true,
    platform: 'node',
    target: 'node20',
    minifyWhitespace: true,
    lineLimit: 200,
    outfile,
  })
  return (bundle = outfile)
}

export interface StartOptions {
  api: string
  directory: string
  worker?: Partial<WorkerFile>
  environment?: Record<string, string>
}

export class SupervisorProcess {
  errors = ''

  private constructor(
    readonly child: ChildProcess,
    readonly scratch: string,
    readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>,
  ) {
    child.stderr?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()))
  }

  static start({ api, directory, worker, environment }: StartOptions): SupervisorProcess {
    const scratch = join(realpathSync(directory), 'scratch')
    const filesDir = join(realpathSync(directory), 'files')
    mkdirSync(filesDir, { recursive: true })
    const workerFile = join(directory, 'worker.json')
    writeFileSync(workerFile, JSON.stringify({ ...defaults(filesDir), ...worker }))
    const child = spawn(process.execPath, [...NODE_OPTIONS, supervisorBundle()], {
      env: {
        PATH: process.env['PATH'] ?? '/usr/bin:/bin',
        [SUPERVISOR_VARIABLES.runtimeApi]: api,
        [SUPERVISOR_VARIABLES.workerToken]: 'token-of-the-worker',
        [SUPERVISOR_VARIABLES.workerFile]: workerFile,
        [SUPERVISOR_VARIABLES.scratch]: scratch,
        ...environment,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const ended = once(child, 'exit').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
    }))
    return new SupervisorProcess(child, scratch, ended)
  }

  /** Asks it to stop, then makes it; safe to call when it has ended. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.kill('SIGTERM')
    this.child.kill('SIGTERM')
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 3000)
    await this.ended
    clearTimeout(timer)
  }

  /** Most memory that it ever had resident, in MB; undefined where the system does not tell. */
  peakMegabytes(): number | undefined {
    if (process.platform !== 'linux') return undefined
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8')
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
  }
}

const defaults = (filesDir: string): WorkerFile => ({
  function: 'plants-dev-classify',
  release: 7,
  backend: 'local',
  run: { kind: 'command', command: ['true'] },
  environment: {},
  filesDir,
  fresh: false,
  heartbeatSeconds: 0.1,
  leaseSeconds: 5,
})
