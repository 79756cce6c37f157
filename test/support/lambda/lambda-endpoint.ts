/**
 * AWS Lambda as far as a caller sees it, over HTTP, so that AWS's own client works unchanged:
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { Engine, LambdaFunction } from './engine.js'
import { Sandbox, type Execution } from './sandbox.js'

export type FunctionState = 'Active' | 'Pending' | 'Inactive' | 'Failed'

export interface EndpointOptions {
  engine: Engine
  /** Variables of every sandbox: keys of the role, other endpoints. */
  environment: Record<string, string>
  region?: string
  /** Sandboxes at once, over all functions. */
  concurrency?: number
  /** Milliseconds that the start of a sandbox may take. */
  initLimitMs?: number
  /** Milliseconds before an asynchronous event that failed is run again. */
  asyncRetryMs?: readonly number[]
}

interface Installed {
  function: LambdaFunction
  state: FunctionState
  stateReason: string
  sandboxes: Sandbox[]
  idle: Sandbox[]
  busy: number
}

export interface InvokeSeen {
  name: string
  type: string
  qualifier: string | null
  payload: Buffer
  requestId: string
}

interface Reply {
  status: number
  body?: string | Buffer
  headers?: Record<string, string>
}

const ACCOUNT = '000000000000'
const PAYLOAD_BYTES_MAX = 6 * 1024 ** 2
const ASYNC_PAYLOAD_BYTES_MAX = 1024 ** 2
/** https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib */
const INIT_LIMIT_MS = 10_000
/** What a caller gets of a log. */
const LOG_TAIL_BYTES = 4096
const KEEP_ALIVE_MS = 300_000
/** Milliseconds for which an inactive function is being made ready again. */
const WAKE_MS = 300

export class LambdaEndpoint {
  readonly invocations: InvokeSeen[] = []
  readonly executions: Execution[] = []
  /** Answers before the ordinary one does; undefined = the ordinary answer. */
  rule: (seen: InvokeSeen) => Reply | 'cut' | undefined | Promise<Reply | 'cut' | undefined> = () => undefined
  readonly #options: EndpointOptions
  readonly #functions = new Map<string, Installed>()
  readonly #server: Server
  readonly #background = new Set<Promise<unknown>>()
  /** Whatever became of their function since. */
  readonly #started = new Set<Promise<Sandbox>>()
  #isStopped = false
  concurrency: number

  private constructor(options: EndpointOptions) {
    this.#options = options
    this.concurrency = options.concurrency ?? 1000
    this.#server = createServer((request, response) => void this.#serve(request, response))
    this.#server.requestTimeout = 0
    // A client may come back after a long test on the connection that it has.
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS
  }

  static async start(options: EndpointOptions): Promise<LambdaEndpoint> {
    const endpoint = new LambdaEndpoint(options)
    endpoint.#server.listen(0, '127.0.0.1')
    await once(endpoint.#server, 'listening')
    return endpoint
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Creates a function, or puts another in its place; sandboxes of the old one are ended. */
  async install(of: LambdaFunction): Promise<void> {
    await this.#killSandboxes(of.name)
    this.#functions.set(of.name, { function: of, state: 'Active', stateReason: '', sandboxes: [], idle: [], busy: 0 })
  }

  setState(name: string, state: FunctionState, reason = ''): void {
    Object.assign(this.#get(name), { state, stateReason: reason })
  }

  /** Events that are being worked on. */
  busy(name?: string): number {
    return [...this.#functions.values()]
      .filter((one) => name === undefined || one.function.name === name)
      .reduce((sum, { busy }) => sum + busy, 0)
  }

  /** Every connection breaks, as in a fault of the network; what runs goes on. */
  cutConnections(): void {
    this.#server.closeAllConnections()
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await this.#killAll()
    await Promise.allSettled(this.#background)
    // Some were still being started.
    await this.#killAll()
    await this.#options.engine.close()
  }

  async #killAll(): Promise<void> {
    this.#isStopped = true
    await Promise.allSettled([...this.#started].map(async (starting) => (await starting).kill()))
  }

  #get(name: string): Installed {
    const found = this.#functions.get(name)
    if (!found) throw new Error(`there is no function ${name}`)
    return found
  }

  async #killSandboxes(name: string): Promise<void> {
    const sandboxes = this.#functions.get(name)?.sandboxes.splice(0) ?? []
    await Promise.all(sandboxes.map((sandbox) => sandbox.kill()))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = await this.#answer(request).catch((error: unknown): Reply => ({ status: 500, body: String(error) }))
    if (reply === 'cut') return void request.socket.destroy()
    const body = Buffer.from(reply.body ?? '')
    response.writeHead(reply.status, {
      'content-type': 'application/json',
      'content-length': body.length,
      'x-amzn-requestid': randomUUID(),
      ...reply.headers,
    })
    response.end(body)
  }

  async #answer(request: IncomingMessage): Promise<Reply | 'cut'> {
    const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '')
    if (path.endsWith('/account-settings/') || path.endsWith('/account-settings')) return this.#accountSettings()
    const [, reference = '', action] = /\/functions\/([^/]+)\/(invocations|configuration|concurrency)$/.exec(path) ?? []
    const name = reference.replace(/^arn:.*:function:/, '').replace(/:.*$/, '')
    const found = this.#functions.get(name)
    if (!found) return error(404, 'ResourceNotFoundException', `Function not found: ${arnOf(name)}`)
    if (action === 'configuration') return this.#configuration(found)
    if (action === 'concurrency') return this.#concurrency(found)
    return this.#invoke(found, request)
  }

  async #invoke(found: Installed, request: IncomingMessage): Promise<Reply | 'cut'> {
    const payload = await buffer(request)
    const type = String(request.headers['x-amz-invocation-type'] ?? 'RequestResponse')
    const qualifier = new URLSearchParams(request.url?.split('?')[1]).get('Qualifier')
    const seen: InvokeSeen = { name: found.function.name, type, qualifier, payload, requestId: randomUUID() }
    this.invocations.push(seen)
    const ruled = await this.rule(seen)
    if (ruled) return ruled
    const limit = type === 'Event' ? ASYNC_PAYLOAD_BYTES_MAX : PAYLOAD_BYTES_MAX
    if (payload.length > limit)
      return error(413, 'RequestTooLargeException', `Request must be smaller than ${limit} bytes for the operation`)
    const notReady = this.#notReady(found)
    if (notReady) return notReady
    if (type === 'DryRun') return { status: 204 }
    if (type === 'Event') {
      this.#inBackground(this.#runAsync(found, seen))
      return { status: 202 }
    }
    if (this.#isFull(found)) return throttled(found)
    const execution = await this.#run(found, seen)
    return replyOf(execution, request.headers['x-amz-log-type'] === 'Tail')
  }

  #notReady(found: Installed): Reply | undefined {
    const { state } = found
    if (state === 'Active') return undefined
    if (state === 'Inactive') {
      found.state = 'Pending'
      this.#inBackground(delay(WAKE_MS).then(() => (found.state = 'Active')))
    }
    const words = `The operation cannot be performed at this time. The function is currently in the following state: ${state}`
    return error(409, 'ResourceConflictException', words)
  }

  #isFull({ busy, function: { reservedConcurrency } }: Installed): boolean {
    return this.busy() >= this.concurrency || busy >= (reservedConcurrency ?? Infinity)
  }

  async #run(found: Installed, seen: InvokeSeen): Promise<Execution> {
    found.busy++
    try {
      const sandbox = found.idle.pop() ?? (await this.#startSandbox(found))
      const { requestId, payload } = seen
      const execution = await sandbox.execute({ requestId, payload, arn: arnOf(found.function.name) })
      this.executions.push(execution)
      if (sandbox.isDead) found.sandboxes = found.sandboxes.filter((one) => one !== sandbox)
      else found.idle.push(sandbox)
      return execution
    } finally {
      found.busy--
    }
  }

  async #startSandbox(found: Installed): Promise<Sandbox> {
    const { engine, environment, region = 'eu-west-1' } = this.#options
    const { function: of } = found
    const variables = {
      AWS_LAMBDA_FUNCTION_NAME: of.name,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(of.memorySize),
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${of.name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: `2026/08/01/[$LATEST]${randomUUID().replaceAll('-', '')}`,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      TZ: ':UTC',
      ...environment,
      ...of.environment,
    }
    const starting = Sandbox.start(of, {
      engine,
      environment: variables,
      initLimitMs: this.#options.initLimitMs ?? INIT_LIMIT_MS,
    })
    this.#started.add(starting)
    const sandbox = await starting
    if (this.#isStopped) {
      await sandbox.kill()
      throw new Error('this Lambda is being stopped')
    }
    found.sandboxes.push(sandbox)
    return sandbox
  }

  /** Twice more after a failure, as Lambda does by default. */
  async #runAsync(found: Installed, seen: InvokeSeen): Promise<void> {
    for (const pauseMs of [0, ...(this.#options.asyncRetryMs ?? [50, 100])]) {
      await delay(pauseMs)
      while (this.#isFull(found)) await delay(20)
      const { functionError } = await this.#run(found, seen)
      if (!functionError) return
    }
  }

  #inBackground(work: Promise<unknown>): void {
    const tracked = work.catch(() => undefined).finally(() => this.#background.delete(tracked))
    this.#background.add(tracked)
  }

  #accountSettings(): Reply {
    const limit = { ConcurrentExecutions: this.concurrency, UnreservedConcurrentExecutions: this.concurrency }
    return {
      status: 200,
      body: JSON.stringify({ AccountLimit: limit, AccountUsage: { FunctionCount: this.#functions.size } }),
    }
  }

  #configuration({ function: of, state, stateReason }: Installed): Reply {
    const { name, memorySize, timeout, ephemeralStorageSize } = of
    const body = {
      FunctionName: name,
      FunctionArn: arnOf(name),
      PackageType: 'Image',
      MemorySize: memorySize,
      Timeout: timeout,
      EphemeralStorage: { Size: ephemeralStorageSize },
      Architectures: ['x86_64'],
      State: state,
      StateReason: stateReason,
    }
    return { status: 200, body: JSON.stringify(body) }
  }

  #concurrency({ function: { reservedConcurrency } }: Installed): Reply {
    const body = reservedConcurrency === undefined ? {} : { ReservedConcurrentExecutions: reservedConcurrency }
    return { status: 200, body: JSON.stringify(body) }
  }
}

const arnOf = (name: string) => `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:${name}`

const throttled = (found: Installed): Reply =>
  error(429, 'TooManyRequestsException', 'Rate Exceeded.', {
    Reason:
      found.busy >= (found.function.reservedConcurrency ?? Infinity)
        ? 'ReservedFunctionConcurrentInvocationLimitExceeded'
        : 'ConcurrentInvocationLimitExceeded',
  })

export const error = (status: number, type: string, message: string, more: object = {}): Reply => ({
  status,
  headers: { 'x-amzn-errortype': type },
  body: JSON.stringify({ Type: 'User', message, ...more }),
})

function replyOf({ payload, functionError, log }: Execution, wantsLog: boolean): Reply {
  const tail = Buffer.from(log).subarray(-LOG_TAIL_BYTES).toString('base64')
  return {
    status: 200,
    body: payload,
    headers: {
      'x-amz-executed-version': '$LATEST',
      ...(functionError ? { 'x-amz-function-error': functionError } : {}),
      ...(wantsLog ? { 'x-amz-log-result': tail } : {}),
    },
  }
}
