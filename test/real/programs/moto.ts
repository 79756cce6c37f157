/** moto's server, which plays AWS's APIs from memory, and cfn-lint beside it: both of PyPI, installed once into the cache. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../../support/eventually.js'
import { freePort } from '../../support/free-port.js'
import { CACHE } from '../cache.js'

const PACKAGES = ['moto[server,cloudformation]==5.2.5', 'cfn-lint==1.58.0']
const PLACE = join(CACHE, 'moto-5.2.5')
const DONE = join(PLACE, 'done')

/** Installs what is missing. Why it cannot; undefined when all is there. */
export function whyNoMoto(): string | undefined {
  if (existsSync(DONE)) return undefined
  rmSync(PLACE, { recursive: true, force: true })
  const steps = [
    ['python3', '-m', 'venv', PLACE],
    [join(PLACE, 'bin', 'pip'), 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES],
  ] as const
  for (const [program, ...words] of steps) {
    const { status, stderr, error } = spawnSync(program, words, { encoding: 'utf8' })
    if (status !== 0) return `moto cannot be installed: ${error?.message ?? stderr.trim().split('\n').at(-1)}`
  }
  mkdirSync(DONE)
  return undefined
}

/** What cfn-lint finds; empty = nothing. `template`: path of a file. */
export function lintTemplate(template: string, region: string): string {
  const words = ['--regions', region, '--format', 'parseable', '--', template]
  const { stdout, stderr, status, error } = spawnSync(join(PLACE, 'bin', 'cfn-lint'), words, { encoding: 'utf8' })
  if (error) throw error
  return status === 0 ? stdout.trim() : `${stdout}${stderr}`.trim() || `exit code ${status}`
}

export class MotoServer {
  readonly url: string
  readonly #process: ChildProcess
  #said = ''

  private constructor(host: string, port: number) {
    this.url = `http://${host}:${port}`
    const words = ['-H', host, '-p', String(port)]
    this.#process = spawn(join(PLACE, 'bin', 'moto_server'), words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Image functions cannot be run by it; without this it would look for Docker.
      env: {
        PATH: process.env.PATH ?? '',
        MOTO_CORS: 'false',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
    })
    for (const stream of [this.#process.stdout!, this.#process.stderr!])
      stream.on('data', (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-20_000)))
  }

  static async start(host = '127.0.0.1'): Promise<MotoServer> {
    const server = new MotoServer(host, await freePort())
    try {
      await eventually(() => fetch(`${server.url}/moto-api/data.json`).then(({ ok }) => ok), {
        timeoutMs: 60_000,
        everyMs: 100,
        what: 'the moto server',
      })
      return server
    } catch (error) {
      await server.stop()
      throw new Error(server.log, { cause: error })
    }
  }

  get log(): string {
    return this.#said
  }

  get keys(): { accessKeyId: string; secretAccessKey: string } {
    return { accessKeyId: 'test', secretAccessKey: 'test' }
  }

  /** What a CLI and the AWS SDK need to use it. */
  get environment(): Record<string, string> {
    return { AWS_ENDPOINT_URL: this.url, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await ended
  }
}
