/** A PostgreSQL server of Debian's packages that is thrown away: on 127.0.0.1, in a temporary directory, with real fsyncs. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { eventually } from '../../support/eventually.js'
import { freePort } from '../../support/free-port.js'
import { skipWhere } from '../../support/skip-where.js'
import { signal } from '../../support/worker-pids.js'

const PACKAGES = '/usr/lib/postgresql'
const USER = 'spillway'
/** Has what a URL must escape. */
export const PASSWORD = 'p@ss/w:rd?#%'

/** Why there can be no server here; undefined when there can. */
export function whyNoPostgres(): string | undefined {
  if (!programs()) return `needs Debian's package postgresql`
  if (process.getuid?.() === 0 && !owner()) return 'needs the user postgres: the server does not run as root'
  return undefined
}

export interface PostgresOptions {
  /** Settings of the server, e.g. `{ ssl: 'on' }`. */
  settings?: Record<string, string>
  /** Files of its own that settings name, e.g. `{ 'server.key': '...' }` for `../server.key`. */
  files?: Record<string, Buffer>
}

/** Call inside `describe`: a server for its tests. Where there can be none, the suite is skipped. */
export function postgresServer(options?: PostgresOptions): () => PostgresServer {
  let server: PostgresServer | undefined
  skipWhere(whyNoPostgres)
  before(async () => {
    server = await PostgresServer.start(options)
  })
  after(() => server?.stop())
  return () => server!
}

export class PostgresServer {
  readonly directory: string
  readonly port: number
  readonly #settings: Record<string, string>
  #process: ChildProcess | undefined

  private constructor(directory: string, port: number, settings: Record<string, string>) {
    this.directory = directory
    this.port = port
    this.#settings = settings
  }

  static async start({ settings = {}, files = {} }: PostgresOptions = {}): Promise<PostgresServer> {
    const directory = mkdtempSync(join(tmpdir(), 'spillway-postgres-'))
    own(directory)
    const server = new PostgresServer(directory, await freePort(), settings)
    try {
      for (const [name, content] of Object.entries(files)) server.#file(name, content)
      server.#initialise()
      await server.restart()
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  /** URL of a database, with its password. */
  url(database: string): string {
    return `postgres://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${this.port}/${database}`
  }

  /** Makes the database unless it is there. */
  async createDatabase(name: string): Promise<string> {
    await this.query('postgres', `CREATE DATABASE "${name}"`).catch((error: Error & { code?: string }) => {
      if (error.code !== '42P04') throw error
    })
    return this.url(name)
  }

  async query<Row extends object>(database: string, sql: string, values: unknown[] = []): Promise<Row[]> {
    const client = new Client({ connectionString: this.url(database), ssl: false })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query<Row>(sql, values)).rows
    } finally {
      await client.end()
    }
  }

  /** Starts it, after a kill on what that left; resolves when it takes connections. */
  async restart(): Promise<void> {
    this.#launch()
    const isUp = () => {
      // It refuses to start while the system has not yet cleared up after the one before.
      if (this.#process?.exitCode !== null) this.#launch()
      return this.query('postgres', 'SELECT 1')
    }
    await eventually(isUp, { timeoutMs: 30_000, everyMs: 50, what: 'the PostgreSQL server' })
  }

  #launch(): void {
    const settings = {
      listen_addresses: '127.0.0.1',
      port: String(this.port),
      unix_socket_directories: this.directory,
      ...this.#settings,
    }
    const words = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const log = openSync(join(this.directory, 'log'), 'a')
    this.#process = spawn(join(programs()!, 'postgres'), ['-D', this.#data, ...words], {
      cwd: this.directory,
      stdio: ['ignore', log, log],
      ...owner(),
    })
  }

  /** What a power cut does to its processes; what was flushed to the disk stays. */
  async kill(): Promise<void> {
    const pids = this.#pids()
    for (const pid of pids) signal(pid, 'SIGKILL')
    await eventually(() => !pids.some(isRunning), { what: 'the end of the PostgreSQL server' })
  }

  /** Its processes stand still, as behind a network that swallows everything, until `thaw`. */
  freeze(): void {
    for (const pid of this.#pids()) signal(pid, 'SIGSTOP')
  }

  thaw(): void {
    for (const pid of this.#pids()) signal(pid, 'SIGCONT')
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 })
  }

  get #data(): string {
    return join(this.directory, 'data')
  }

  #file(name: string, content: string | Buffer): string {
    const path = join(this.directory, name)
    writeFileSync(path, content, { mode: 0o600 })
    own(path)
    return path
  }

  #initialise(): void {
    const words = ['-D', this.#data, '-U', USER, `--pwfile=${this.#file('password', PASSWORD)}`]
    execFileSync(
      join(programs()!, 'initdb'),
      [...words, '--auth=scram-sha-256', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8'],
      { cwd: this.directory, stdio: 'pipe', ...owner() },
    )
  }

  /** The first process and all that it has started. */
  #pids(): number[] {
    const first = this.#process?.pid
    if (first === undefined || !isRunning(first)) return []
    return [first, ...childrenOf(first)]
  }
}

/** Directory of the newest server that is installed. */
function programs(): string | undefined {
  if (!existsSync(PACKAGES)) return undefined
  const versions = readdirSync(PACKAGES).toSorted((a, b) => Number(b) - Number(a))
  return versions.map((version) => join(PACKAGES, version, 'bin')).find((path) => existsSync(join(path, 'postgres')))
}

/** The server refuses to run as root. */
function owner(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const line = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))
  return line ? { uid: Number(line[1]), gid: Number(line[2]) } : undefined
}

function own(path: string): void {
  const who = owner()
  if (who) chownSync(path, who.uid, who.gid)
}

const childrenOf = (parent: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => factsOf(pid)?.parent === parent)

/** A process that nobody has waited for yet does not run. */
const isRunning = (pid: number): boolean => ![undefined, 'Z', 'X'].includes(factsOf(pid)?.state)

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function factsOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state: state!, parent: Number(parent) }
  } catch {
    return undefined
  }
}
