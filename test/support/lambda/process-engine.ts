/** Sandboxes as plain processes: the supervisor's bundle, with scratch space of its own. No root is needed. */
import { NODE_OPTIONS } from '../../../dispatcher/images/kit-command.js'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PROCESS_GROUP_FILE, SUPERVISOR_VARIABLES } from '../../../runtime/contract/worker-environment.js'
import { supervisorBundle } from '../supervisor-process.js'
import type { Engine, SandboxProcess, SandboxStart } from './engine.js'

/** Milliseconds between two looks at how much memory it has: once it has ended nobody can tell. */
const LOOK_EVERY_MS = 20

export class ProcessEngine implements Engine {
  readonly host = '127.0.0.1'
  readonly #directory: string
  #count = 0

  readonly #program: readonly string[]

  /**
   * `directory`: of the test; every sandbox has its scratch space below it. `program`: what Node runs in place of the
   * supervisor.
   */
  constructor(directory: string, program: readonly string[] = [...NODE_OPTIONS, supervisorBundle()]) {
    this.#directory = directory
    this.#program = program
  }

  async start({ environment, onOutput }: SandboxStart): Promise<SandboxProcess> {
    const scratch = join(this.#directory, `sandbox-${++this.#count}`)
    mkdirSync(scratch, { recursive: true })
    const child = spawn(process.execPath, this.#program, {
      env: {
        PATH: process.env.PATH ?? '/usr/bin:/bin',
        ...environment,
        [SUPERVISOR_VARIABLES.scratch]: scratch,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => onOutput(chunk.toString()))
    const ended = once(child, 'exit').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
    }))
    const { pid } = child
    let peak = 0
    const look = () => {
      const status = pid === undefined ? '' : readText(`/proc/${pid}/status`)
      return (peak = Math.round(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024) || peak)
    }
    const looking = setInterval(look, LOOK_EVERY_MS).unref()
    void ended.then(() => clearInterval(looking))
    return {
      ended,
      freeze: async () => void child.kill('SIGSTOP'),
      thaw: async () => void child.kill('SIGCONT'),
      kill: async () => {
        child.kill('SIGKILL')
        if (pid !== undefined) await ended
        killScript(scratch)
        rmSync(scratch, { recursive: true, force: true, maxRetries: 3 })
      },
      peakMegabytes: look,
    }
  }

  async close(): Promise<void> {}
}

/** What the sandbox's end would have taken along. */
function killScript(scratch: string): void {
  const group = Number(readText(join(scratch, PROCESS_GROUP_FILE)))
  if (!(group > 1)) return
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
