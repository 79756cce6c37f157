/** Debian's docker-registry, thrown away afterwards: on a free port, with its blobs in a temporary directory. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CredentialProvider } from '../../../dispatcher/images/credentials/credentials.js'
import { eventually } from '../../support/eventually.js'
import { PASSWORD, USER } from '../../support/fake-registry.js'
import { freePort } from '../../support/free-port.js'

const PROGRAM = 'docker-registry'

/** What `htpasswd -B` makes of the password. */
const HASH = '$2y$05$jqBIndDVEuwrsLAIwj8IWOXRKPWHElDKeGowzz/ayBy5hnFiH9Du2'

/** Why there can be no registry here; undefined when there can. */
export const whyNoRegistry = (): string | undefined =>
  spawnSync(PROGRAM, ['--version']).status === 0 ? undefined : `needs Debian's package ${PROGRAM}`

export interface RegistryOptions {
  /** Address on which it listens; `127.0.0.1` unless others must reach it. */
  host?: string
  /** Default: a free one. */
  port?: number
  /** Lets in only who has the name and password of `credentials`. */
  signIn?: boolean
}

export class RegistryServer {
  /** As users call it. */
  readonly host: string
  /** Those that it lets in. */
  readonly credentials: readonly CredentialProvider[]
  readonly directory: string
  readonly #process: ChildProcess

  private constructor(directory: string, host: string, process: ChildProcess) {
    this.directory = directory
    this.host = host
    this.#process = process
    this.credentials = [{ credentialsFor: () => Promise.resolve({ username: USER, password: PASSWORD }) }]
  }

  static async start({ host = '127.0.0.1', port, signIn = false }: RegistryOptions = {}): Promise<RegistryServer> {
    const directory = mkdtempSync(join(tmpdir(), 'spillway-registry-'))
    const address = `${host}:${port ?? (await freePort())}`
    const server = new RegistryServer(directory, address, launch(directory, address, signIn))
    try {
      await eventually(() => server.#isReady(), { timeoutMs: 30_000, everyMs: 20, what: 'the registry' })
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  get log(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8')
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#process
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    if (exitCode === null && signalCode === null && this.#process.kill('SIGKILL')) await ended
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 })
  }

  async #isReady(): Promise<boolean> {
    if (this.#process.exitCode !== null) throw new Error(`the registry ended:\n${this.log}`)
    return (await fetch(`http://${this.host}/v2/`)).status < 500
  }
}

function launch(directory: string, address: string, signIn: boolean): ChildProcess {
  const users = join(directory, 'users')
  mkdirSync(join(directory, 'data'))
  writeFileSync(users, `${USER}:${HASH}\n`)
  const config = {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'data') } },
    http: { addr: address },
    ...(signIn ? { auth: { htpasswd: { realm: 'test', path: users } } } : {}),
  }
  const file = join(directory, 'config.yml')
  writeFileSync(file, JSON.stringify(config))
  const log = openSync(join(directory, 'log'), 'a')
  const child = spawn(PROGRAM, ['serve', file], { stdio: ['ignore', log, log], env: { PATH: process.env.PATH } })
  closeSync(log)
  return child
}
