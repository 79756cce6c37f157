/** A laboratory as its people would set it up: MinIO and a registry beside the cluster, a dispatcher installed on it. */
import { execFile, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { promisify } from 'node:util'
import type { Client } from 'minio'
import type { InvocationRecord, InvocationSummary } from '../../../runtime/contract/dispatcher-api.js'
import { busyboxRoot } from '../../support/containers/root-directories.js'
import { copyFixture, OSLS4, runCli, startCli, type CliRun } from '../../support/cli.js'
import { REPOSITORY } from '../../support/dispatcher-process.js'
import { eventually } from '../../support/eventually.js'
import { WORK } from '../../support/under-blows.js'
import type { Cluster } from '../cluster/cluster.js'
import { ADDRESSES } from '../cluster/place.js'
import { offerVolume } from '../cluster/volumes.js'
import { MinioServer } from '../programs/minio.js'
import { RegistryServer } from '../programs/registry.js'

export const BUCKET = 'story'
export const NAMESPACE = 'lab'
export const WORKERS = 'lab-workers'
const REGISTRY = `${ADDRESSES.gateway}:${ADDRESSES.registryPort}`
const PROGRAM = join(REPOSITORY, 'dist', 'dispatcher', 'main.js')
/** Milliseconds after which a dispatcher that says nothing is given up; the next one may be asked then. */
const ANSWER_MS = 10_000
const TOKENS = { SPILLWAY_TOKENS_USER: 'user-token', SPILLWAY_TOKENS_EVENTS: 'event-token' }

/** Shifts every lower-case letter by one: what comes out tells that the script has seen all of what went in. */
export const SCRIPT = `#!/bin/sh
set -e
tr 'a-z' 'b-za' < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH").out"
`

/** Several dispatchers on one PostgreSQL, in place of one with a volume. */
export interface Team {
  replicas: number
  /** URL without the password. */
  database: string
  password: string
}

export class Lab {
  url = ''

  private constructor(
    readonly cluster: Cluster,
    readonly directory: string,
    readonly minio: MinioServer,
    readonly registry: RegistryServer,
    readonly team: Team | undefined,
  ) {}

  static async open(cluster: Cluster, directory: string, team?: Team): Promise<Lab> {
    const registry = await RegistryServer.start({ host: '0.0.0.0', port: ADDRESSES.registryPort })
    const minio = await MinioServer.start({ host: cluster.facts.gatewayAddress })
    const lab = new Lab(cluster, directory, minio, registry, team)
    await cluster.makeImage({ reference: 'localhost/story/busybox:1', fill: busyboxRoot })
    await cluster.pushImage('localhost/story/busybox:1', lab.image)
    return lab
  }

  async close(): Promise<void> {
    await this.minio.stop()
    await this.registry.stop()
  }

  /** Of the user. */
  get image(): string {
    return `${REGISTRY}/story/busybox:1`
  }

  get client(): Client {
    return this.minio.client()
  }

  /** Pushes the dispatcher's image; answers its reference. */
  async pushImage(): Promise<string> {
    return (await this.spillway(['image', 'push', `${REGISTRY}/spillway`, '--insecure'])).trim()
  }

  /** As an operator on the command line. */
  async spillway(words: string[]): Promise<string> {
    const environment = {
      KUBECONFIG: this.cluster.facts.kubeconfig,
      ...TOKENS,
      ...this.minio.environment('lake'),
      ...(this.team ? { SPILLWAY_DATABASE_PASSWORD: this.team.password } : {}),
    }
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...words], {
      env: { ...process.env, ...environment },
      maxBuffer: 2 ** 26,
    })
    return stdout
  }

  /** Without names in the cluster's network, the address of the Service has to be told: so it is installed twice. */
  async install(image: string): Promise<string[]> {
    if (!this.team) await offerVolume(this.cluster, { name: 'lab-state', size: '5Gi' })
    const first = await this.spillway(this.#installWords(image))
    const service = await this.cluster.kubectlJson<{ spec: { clusterIP: string } }>(
      'get',
      'service',
      'spillway',
      '--namespace',
      NAMESPACE,
    )
    this.url = `http://${service.spec.clusterIP}:7700`
    const second = await this.spillway(this.#installWords(image))
    await this.minio.restart({
      webhooks: [{ endpoint: `${this.url}/v1/events`, token: TOKENS.SPILLWAY_TOKENS_EVENTS, queue: true }],
    })
    await this.ready()
    return [first, second]
  }

  dryRun(image: string): Promise<string> {
    return this.spillway([...this.#installWords(image), '--dry-run'])
  }

  /** Writes the objects as files. */
  render(image: string, base: string): Promise<string> {
    return this.spillway([...this.#installWords(image), '--render', base])
  }

  uninstall(): Promise<string> {
    return this.spillway(['uninstall', '--namespace', NAMESPACE])
  }

  #installWords(image: string): string[] {
    const file = join(this.directory, 'dispatcher.json')
    writeFileSync(file, JSON.stringify(this.#file()))
    const words = ['install', '--namespace', NAMESPACE, '--image', image, '--config', file]
    return this.team
      ? [...words, '--replicas', String(this.team.replicas), '--read-pods']
      : [...words, '--storage', '1Gi']
  }

  #file() {
    return {
      ...(this.team ? { database: this.team.database } : {}),
      storage: { lake: { ...this.minio.storage, reconcile: 10 } },
      backends: {
        kubernetes: {
          namespace: WORKERS,
          keepAlive: 5,
          registry: `${REGISTRY}/derived`,
          insecureRegistries: [REGISTRY],
          ...(this.url === '' ? {} : { dispatcherUrl: this.url }),
        },
      },
      lease: 6,
      heartbeat: 2,
    }
  }

  ready(): Promise<unknown> {
    const isReady = async () => (await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS) })).ok
    return eventually(isReady, { timeoutMs: 60_000, everyMs: 200, what: 'the dispatcher' })
  }

  /** Lines of JSON. */
  async log(id: string): Promise<string> {
    return (await this.#ask(`/v1/invocations/${id}/log`)).text()
  }

  async get<T>(path: string): Promise<T> {
    return (await this.#ask(path)).json() as Promise<T>
  }

  async #ask(path: string): Promise<Response> {
    const headers = { authorization: `Bearer ${TOKENS.SPILLWAY_TOKENS_USER}` }
    const answer = await fetch(this.url + path, { headers, signal: AbortSignal.timeout(ANSWER_MS) })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer
  }

  /** `serverless deploy` and the like, with functions as in serverless.yml, to its end. */
  async serverless(words: string[], functions: Record<string, unknown>): Promise<string> {
    const { code, stdout, stderr } = await runCli(OSLS4, words, this.#service(functions))
    if (code !== 0) throw new Error(`serverless ${words.join(' ')} ended with ${code}\n${stdout}${stderr}`)
    return stdout + stderr
  }

  /** One that goes on until its caller stops it, such as `serverless logs --tail`. */
  startServerless(words: string[], functions: Record<string, unknown>): ChildProcess {
    return startCli(OSLS4, words, this.#service(functions))
  }

  /** Where `serverless package` writes. */
  get packageDirectory(): string {
    return join(this.directory, 'plain', '.serverless')
  }

  /** Writes it. */
  #service(functions: Record<string, unknown>): CliRun {
    const service = copyFixture('plain', this.directory)
    mkdirSync(service, { recursive: true })
    writeFileSync(join(service, 'shift.sh'), SCRIPT, { mode: 0o755 })
    writeFileSync(join(service, 'work.sh'), WORK.script, { mode: 0o755 })
    writeFileSync(join(service, 'fail.sh'), '#!/bin/sh\nexit 3\n', { mode: 0o755 })
    const spillway = {
      dispatcher: this.url,
      storage: { lake: this.minio.storage },
      backends: { kubernetes: { namespace: WORKERS } },
    }
    const configuration = {
      service: 'story',
      provider: { name: 'aws' },
      plugins: ['serverless-spillway'],
      spillway,
      functions,
    }
    writeFileSync(join(service, 'serverless.yml'), JSON.stringify(configuration))
    return { cwd: service, environment: { SPILLWAY_TOKEN: TOKENS.SPILLWAY_TOKENS_USER } }
  }

  async upload(files: ReadonlyMap<string, Buffer>): Promise<void> {
    for (const [key, content] of files) await this.client.putObject(BUCKET, key, content)
  }

  /** Every result with its digest; those that are not complete are not there. */
  async results(prefix: string): Promise<Map<string, string>> {
    const found = new Map<string, string>()
    for await (const { name } of this.client.listObjectsV2(BUCKET, prefix, true)) {
      const hash = createHash('sha256')
      for await (const chunk of await this.client.getObject(BUCKET, name as string)) hash.update(chunk as Buffer)
      found.set(name as string, hash.digest('hex'))
    }
    return found
  }

  async invocations(name: string): Promise<InvocationSummary[]> {
    const all: InvocationSummary[] = []
    let cursor = ''
    do {
      const page = await this.get<{ invocations: InvocationSummary[]; cursor?: string }>(
        `/v1/invocations?function=${name}&limit=200${cursor && `&cursor=${cursor}`}`,
      )
      all.push(...page.invocations)
      cursor = page.cursor ?? ''
    } while (cursor !== '')
    return all
  }

  invocation(id: string): Promise<InvocationRecord> {
    return this.get<InvocationRecord>(`/v1/invocations/${id}`)
  }

  async pods(namespace: string): Promise<string[]> {
    const names = await this.cluster.kubectl('get', 'pods', '--namespace', namespace, '--output=name')
    return names.split('\n').filter((name) => name !== '')
  }
}

/** What the script makes of it. */
export function shifted(content: Buffer): Buffer {
  const out = Buffer.from(content)
  for (let index = 0; index < out.length; index++) {
    const byte = out[index]!
    if (byte >= 0x61 && byte <= 0x7a) out[index] = byte === 0x7a ? 0x61 : byte + 1
  }
  return out
}

export const digestOf = (content: Buffer): string => createHash('sha256').update(content).digest('hex')

/** Digest of what the script makes of a stream. */
export async function shiftedDigest(content: Readable): Promise<string> {
  const hash = createHash('sha256')
  const shift = new Transform({ transform: (chunk: Buffer, _, done) => done(null, shifted(chunk)) })
  for await (const chunk of content.pipe(shift)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
