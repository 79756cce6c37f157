/** A real dispatcher in a process of its own, on a free port of 127.0.0.1, and the few calls that tests make. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type {
  Accepted,
  InvocationList,
  InvocationRecord,
  PackagedFile,
  PutFunctionAnswer,
} from '../../runtime/contract/dispatcher-api.js'
import { eventually } from './eventually.js'

export const REPOSITORY = resolve(__dirname, '../..')
const MAIN = join(REPOSITORY, 'dist/dispatcher/main.js')

export interface DispatcherOptions {
  /** Directory of the test; state and data go below it. */
  directory: string
  /** Further configuration, laid over a directory storage `here` with quick settling. */
  config?: Record<string, unknown>
  environment?: Record<string, string>
  /** Of a user, where it does not listen on loopback alone. */
  token?: string
  /** A line of sh that goes before it, e.g. a limit. */
  shell?: string
}

export class DispatcherProcess {
  readonly #child: ChildProcess
  readonly #directory: string
  readonly #token: string | undefined
  readonly ended: Promise<number | null>
  url = ''

  private constructor(child: ChildProcess, directory: string, token: string | undefined) {
    this.#child = child
    this.#directory = directory
    this.#token = token
    this.ended = new Promise((done) => child.once('exit', (code) => done(code)))
  }

  /** Resolves when it is ready. Started again on the same directory it finds what was there before. */
  static async start({
    directory,
    config = {},
    environment = {},
    token,
    shell,
  }: DispatcherOptions): Promise<DispatcherProcess> {
    const file = join(directory, 'dispatcher.yml')
    const here = { type: 'directory', path: join(directory, 'data'), settle: 0.05 }
    mkdirSync(directory, { recursive: true })
    writeFileSync(
      file,
      JSON.stringify({ listen: '127.0.0.1:0', stateDirectory: join(directory, 'state'), storage: { here }, ...config }),
    )
    const log = openSync(join(directory, 'dispatcher.log'), 'a')
    const command = [process.execPath, MAIN, 'serve', '--config', file]
    const [program, ...words] =
      shell === undefined ? command : ['/bin/sh', '-c', `${shell}\nexec "$@"`, 'sh', ...command]
    const child = spawn(program!, words, {
      stdio: ['ignore', log, log],
      env: {
        PATH: process.env.PATH,
        HOME: directory,
        ...(token === undefined ? {} : { SPILLWAY_TOKENS_USER: token }),
        ...environment,
      },
    })
    const dispatcher = new DispatcherProcess(child, directory, token)
    try {
      await dispatcher.#ready()
    } catch (error) {
      await dispatcher.kill()
      throw error
    }
    return dispatcher
  }

  get pid(): number {
    return this.#child.pid!
  }

  get log(): string {
    return readFileSync(join(this.#directory, 'dispatcher.log'), 'utf8')
  }

  /** Path of a file in the directory storage `here`. */
  path(...parts: string[]): string {
    return join(this.#directory, 'data', ...parts)
  }

  /** Graceful stop; resolves to its exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return this.ended
  }

  /** What a power cut does to the process. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  async call<T>(
    method: string,
    path: string,
    body?: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: T }> {
    const signIn: Record<string, string> = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }
    const response = await fetch(this.url + path, {
      method,
      headers: { ...signIn, ...headers },
      ...(body === undefined ? {} : { body }),
    })
    const text = await response.text()
    return {
      status: response.status,
      body: (/application\/(problem\+)?json/.test(response.headers.get('content-type') ?? '')
        ? JSON.parse(text)
        : text) as T,
    }
  }

  json<T>(method: string, path: string, body: unknown): Promise<{ status: number; body: T }> {
    return this.call<T>(method, path, JSON.stringify(body), { 'content-type': 'application/json' })
  }

  /** Registers a function whose script has that text; throws with the problem when it is refused. */
  async put(
    name: string,
    script: string,
    spec: Record<string, unknown> = {},
    files: PackagedFile[] = [],
  ): Promise<PutFunctionAnswer> {
    const packaged = { path: 'script', mode: 0o755, data: Buffer.from(script).toString('base64') }
    const answer = await this.json<PutFunctionAnswer>('PUT', `/v1/functions/${name}`, {
      spec: { script: 'script', ...spec },
      files: [packaged, ...files],
    })
    if (answer.status >= 300) throw new Error(JSON.stringify(answer.body))
    return answer.body
  }

  async invoke(name: string, body: string | Buffer = '', query = ''): Promise<Accepted> {
    return (await this.call<Accepted>('POST', `/v1/functions/${name}/invocations${query}`, body)).body
  }

  async invokeAndWait(name: string, body: string | Buffer = ''): Promise<InvocationRecord> {
    return (await this.call<InvocationRecord>('POST', `/v1/functions/${name}/invocations?wait=60s`, body)).body
  }

  async invocation(id: string, query = ''): Promise<InvocationRecord> {
    return (await this.call<InvocationRecord>('GET', `/v1/invocations/${id}${query}`)).body
  }

  async invocations(query = ''): Promise<InvocationList> {
    return (await this.call<InvocationList>('GET', `/v1/invocations${query}`)).body
  }

  /** Waits until that many invocations (of any function) have ended, and gives all of them. */
  allEnded(count: number, timeoutMs = 20_000): Promise<InvocationList['invocations']> {
    return eventually(
      async () => {
        const { invocations } = await this.invocations('?limit=1000')
        const ended = invocations.filter(({ state }) => ['succeeded', 'failed', 'cancelled'].includes(state))
        return ended.length >= count && ended
      },
      { timeoutMs, what: `${count} ended invocations`, everyMs: 25 },
    )
  }

  async #ready(): Promise<void> {
    const address = join(this.#directory, 'state', 'dispatcher.json')
    const isReady = async () => {
      const { url, pid } = JSON.parse(readFileSync(address, 'utf8')) as { url: string; pid: number }
      if (pid !== this.pid) return false
      this.url = url
      return (await fetch(`${url}/readyz`)).ok
    }
    const endedFirst = this.ended.then((code) => {
      throw new Error(`the dispatcher ended with ${code}`)
    })
    const ready = eventually(isReady, { timeoutMs: 30_000, what: 'a ready dispatcher' })
    await Promise.race([ready, endedFirst]).catch(async (error: Error) => {
      await this.kill()
      throw new Error(`${error.message}; its log:\n${this.log}`)
    })
  }
}

/** Call inside `describe`: starts dispatchers that are all gone after each test. */
export function dispatchers(
  directory: () => string,
): (options?: Omit<DispatcherOptions, 'directory'>) => Promise<DispatcherProcess> {
  const running: DispatcherProcess[] = []
  afterEach(async () => {
    await Promise.all(running.splice(0).map((dispatcher) => dispatcher.stop()))
  })
  return async (options = {}) => {
    const dispatcher = await DispatcherProcess.start({ directory: directory(), ...options })
    running.push(dispatcher)
    return dispatcher
  }
}
