/** Sandboxes as Lambda has them: the image in a container with a read-only root, limits, and no network but ours. */
import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleConfig } from './bundle.js'
import type { Engine, SandboxProcess, SandboxStart } from './engine.js'
import { SandboxNetwork } from './sandbox-network.js'

/** How a shell, and runc, say that a signal ended a program. */
const SIGNALLED = 128
const SIGNALS: Readonly<Record<number, NodeJS.Signals>> = { 6: 'SIGABRT', 9: 'SIGKILL', 11: 'SIGSEGV', 15: 'SIGTERM' }

export class RuncEngine implements Engine {
  readonly host: string
  readonly #network: SandboxNetwork
  readonly #directory: string

  /** `directory`: of the test, for the state of containers. */
  constructor(directory: string) {
    this.#directory = directory
    this.#network = SandboxNetwork.create()
    this.host = this.#network.host
  }

  /** Why it cannot be used here; undefined when it can. */
  static missing(): string | undefined {
    if (process.platform !== 'linux') return 'this is not Linux'
    if (process.getuid?.() !== 0) return 'this is not root'
    const absent = ['runc', 'ip'].filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
    return absent.length > 0 ? `there is no ${absent.join(', ')}` : undefined
  }

  async start({ function: of, environment, onOutput }: SandboxStart): Promise<SandboxProcess> {
    if (!of.image) throw new Error(`the function ${of.name} has no image`)
    const id = `spillway-${randomUUID()}`
    const bundle = join(this.#directory, id)
    // Not below one of our own, which nobody would remove.
    const controlGroup = `/${id}`
    mkdirSync(bundle, { recursive: true })
    const facts = { function: of, image: of.image, environment, network: this.#network.path, controlGroup }
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(bundleConfig(facts)))
    const child = spawn('runc', [...this.#state, 'run', '--bundle', bundle, id], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => onOutput(chunk.toString()))
    let peak = 0
    const look = () => (peak = Math.max(peak, peakOf(controlGroup)))
    const looking = setInterval(look, 20).unref()
    const ended = once(child, 'exit').then(([code]) => {
      clearInterval(looking)
      return endOf(Number(code))
    })
    const call = async (...words: string[]) => void spawnSync('runc', [...this.#state, ...words])
    return {
      ended,
      freeze: () => call('pause', id),
      thaw: () => call('resume', id),
      kill: async () => {
        await call('kill', id, 'KILL')
        await ended
        await call('delete', '--force', id)
        rmSync(bundle, { recursive: true, force: true })
      },
      peakMegabytes: look,
    }
  }

  async close(): Promise<void> {
    this.#network.remove()
  }

  get #state(): string[] {
    return ['--root', join(this.#directory, 'runc')]
  }
}

function endOf(code: number): { code: number | null; signal: NodeJS.Signals | null } {
  const signal = SIGNALS[code - SIGNALLED]
  return signal ? { code: null, signal } : { code, signal: null }
}

const TREES = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup']
const PEAKS = ['memory.max_usage_in_bytes', 'memory.peak']

function peakOf(controlGroup: string): number {
  const files = TREES.flatMap((tree) => PEAKS.map((name) => join(tree, controlGroup, name)))
  const file = files.find((path) => existsSync(path))
  return file === undefined ? 0 : Math.round(Number(readText(file)) / 1024 ** 2)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '0'
  }
}
