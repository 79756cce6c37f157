/** A MinIO server that is thrown away: built once from its published Go module, with its data in a temporary directory. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'minio'
import type { StorageConfig } from '../../../runtime/contract/service-config.js'
import { eventually } from '../../support/eventually.js'
import { freePort } from '../../support/free-port.js'
import { CACHE } from '../cache.js'
import { buildGoModule } from '../cluster/go-module.js'
import { makeCertificate } from './certificate.js'

/** Of the last commit; releases are not published as modules. */
const VERSION = 'v0.0.0-20260212201848-7aac2a2c5b7c'
const DIRECTORY = join(CACHE, `minio-${VERSION.slice(-12)}`)

/** Of the user who may do everything. */
export const KEYS = { accessKey: 'test-access-key', secretKey: 'test/secret+key with=odd&signs' }

/** Why there can be no server here; undefined when there can. */
export function whyNoMinio(): string | undefined {
  if (existsSync(DIRECTORY) || spawnSync('go', ['version']).status === 0) return undefined
  return 'needs go, to build MinIO'
}

/** Some minutes on a cold machine, nothing on a warm one. */
export function buildMinio(): void {
  const path = 'github.com/minio/minio'
  const goMod = `module minio\n\ngo 1.24\n\nrequire ${path} ${VERSION}\n\ntool ${path}\n`
  buildGoModule({ directory: DIRECTORY, files: { 'go.mod': goMod }, packages: [path] })
}

/** As `buildMinio`; says why where it cannot be built. */
export function installMinio(): void {
  const reason = whyNoMinio()
  if (reason !== undefined) process.stdout.write(`not installed: MinIO ${reason}\n`)
  else buildMinio()
}

export interface WebhookTarget {
  /** `SPILLWAY`, unless it is another. */
  id?: string
  /** URL of the dispatcher's `/v1/events`. */
  endpoint: string
  token?: string
  /** True: the server keeps events until they are taken, and sends each up to 3 s late; else an event may be lost. */
  queue?: boolean
}

export interface MinioOptions {
  /** Address on which it listens; `127.0.0.1` unless others must reach it. */
  host?: string
  port?: number
  webhooks?: WebhookTarget[]
  /** True: HTTPS, with a certificate of its own authority, which is at `caFile`. */
  tls?: boolean
  /** Further settings, e.g. `MINIO_DOMAIN`. */
  environment?: Record<string, string>
}

export class MinioServer {
  readonly directory: string
  readonly host: string
  readonly port: number
  readonly endpoint: string
  readonly caFile: string | undefined
  readonly #options: MinioOptions
  #process: ChildProcess | undefined

  private constructor(directory: string, port: number, options: MinioOptions) {
    this.directory = directory
    this.host = options.host ?? '127.0.0.1'
    this.port = port
    this.endpoint = `${options.tls ? 'https' : 'http'}://${this.host}:${port}`
    this.caFile = options.tls ? join(directory, 'certificates', 'public.crt') : undefined
    this.#options = { ...options }
  }

  static async start(options: MinioOptions = {}): Promise<MinioServer> {
    buildMinio()
    const directory = mkdtempSync(join(tmpdir(), 'spillway-minio-'))
    const server = new MinioServer(directory, options.port ?? (await freePort()), options)
    try {
      mkdirSync(join(directory, 'certificates'))
      if (server.caFile) makeCertificate(join(directory, 'certificates'), server.host)
      await server.restart()
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  /** What a dispatcher's file says about it. */
  get storage(): StorageConfig {
    return { type: 'minio', endpoint: this.endpoint, ...(this.caFile ? { caFile: this.caFile } : {}) }
  }

  /** What a dispatcher's environment says about a storage of that name. */
  environment(storage: string): Record<string, string> {
    const prefix = `SPILLWAY_STORAGE_${storage.toUpperCase()}`
    return { [`${prefix}_ACCESS_KEY`]: KEYS.accessKey, [`${prefix}_SECRET_KEY`]: KEYS.secretKey }
  }

  /** A client of its own, for what users and operators do. */
  client(): Client {
    const secure = this.caFile ? { transportAgent: new https.Agent({ ca: readFileSync(this.caFile) }) } : {}
    const { host, port } = this
    return new Client({
      endPoint: host,
      port,
      useSSL: this.caFile !== undefined,
      region: 'us-east-1',
      ...KEYS,
      ...secure,
    })
  }

  /** Removes all buckets with all that is in them. */
  async clear(): Promise<void> {
    const client = this.client()
    for (const { name } of await client.listBuckets()) {
      const objects: string[] = []
      for await (const { name: key } of client.listObjectsV2(name, '', true)) objects.push(key as string)
      await client.removeObjects(name, objects)
      await client.removeBucket(name)
    }
  }

  get log(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8')
  }

  /** Starts it, after a kill or with other webhooks on what was there; resolves when it takes calls. */
  async restart(changes: Pick<MinioOptions, 'webhooks' | 'environment'> = {}): Promise<void> {
    Object.assign(this.#options, changes)
    await this.kill()
    const log = openSync(join(this.directory, 'log'), 'a')
    const child = spawn(join(DIRECTORY, 'minio'), this.#words(), {
      cwd: this.directory,
      stdio: ['ignore', log, log],
      env: this.#environment(),
    })
    closeSync(log)
    this.#process = child
    await eventually(() => this.#isReady(child), { timeoutMs: 30_000, everyMs: 50, what: 'the MinIO server' })
  }

  /** What a power cut does to the process. */
  async kill(): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  /** It stands still, as behind a network that swallows everything, until `thaw`. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 })
  }

  #words(): string[] {
    const certificates = ['--certs-dir', join(this.directory, 'certificates')]
    const address = ['--address', `${this.host}:${this.port}`]
    return ['server', '--quiet', ...certificates, ...address, join(this.directory, 'data')]
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      HOME: this.directory,
      MINIO_ROOT_USER: KEYS.accessKey,
      MINIO_ROOT_PASSWORD: KEYS.secretKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      ...Object.assign({}, ...(this.#options.webhooks ?? []).map((webhook) => this.#settingsOf(webhook))),
      ...this.#options.environment,
    }
  }

  #settingsOf({ id = 'SPILLWAY', endpoint, token, queue = false }: WebhookTarget): Record<string, string> {
    const setting = (name: string) => `MINIO_NOTIFY_WEBHOOK_${name}_${id}`
    return {
      [setting('ENABLE')]: 'on',
      [setting('ENDPOINT')]: endpoint,
      ...(token === undefined ? {} : { [setting('AUTH_TOKEN')]: token }),
      ...(queue ? { [setting('QUEUE_DIR')]: join(this.directory, 'queue', id) } : {}),
    }
  }

  async #isReady(child: ChildProcess): Promise<boolean> {
    if (child.exitCode !== null) throw new Error(`MinIO ended with ${child.exitCode}:\n${this.log}`)
    return (await this.#statusOf('/')) === 403
  }

  /** Until it has read its users, it answers everything with 503. */
  #statusOf(path: string): Promise<number | undefined> {
    const options = {
      agent: false,
      signal: AbortSignal.timeout(5000),
      ...(this.caFile ? { ca: readFileSync(this.caFile) } : {}),
    }
    return new Promise((resolve, reject) => {
      const get = this.caFile ? https.get : http.get
      get(this.endpoint + path, options, (answer) => resolve(answer.resume().statusCode)).once('error', reject)
    })
  }
}
