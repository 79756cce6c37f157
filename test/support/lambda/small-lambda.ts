/** Lambda and S3 in this process, and one function: what the tests of the supervisor on Lambda start from. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import type { LambdaFunctionFile } from '../../../runtime/contract/lambda-function.js'
import { stagingPrefix } from '../../../runtime/contract/lambda-function.js'
import { SUPERVISOR_VARIABLES } from '../../../runtime/contract/worker-environment.js'
import { SmallS3 } from '../s3/small-s3.js'
import type { LambdaFunction } from './engine.js'
import { LambdaEndpoint, type EndpointOptions } from './lambda-endpoint.js'
import { ProcessEngine } from './process-engine.js'

export const FUNCTION = 'plants-dev-classify'
export const STAGING_BUCKET = 'plants-staging'
const REGION = 'eu-west-1'

export interface Install {
  /** Text of a script. */
  script?: string
  /** Files beside it. */
  files?: Record<string, string>
  file?: Partial<LambdaFunctionFile>
  function?: Partial<LambdaFunction>
}

export interface Invoked {
  functionError: string | undefined
  /** Parsed. */
  payload: unknown
  log: string
}

export class SmallLambda {
  readonly #directory: string
  /** Not below /tmp, which on Lambda every sandbox has for itself: there the supervisor removes it. */
  readonly #workingDirectory = mkdtempSync('/var/tmp/spillway-lambda-')
  #installs = 0

  private constructor(
    readonly s3: SmallS3,
    readonly endpoint: LambdaEndpoint,
    readonly client: LambdaClient,
    directory: string,
  ) {
    this.#directory = directory
  }

  static async start(directory: string, options: Partial<EndpointOptions> = {}): Promise<SmallLambda> {
    const s3 = await SmallS3.start()
    const { accessKeyId, secretAccessKey, sessionToken = '' } = s3.keys
    const endpoint = await LambdaEndpoint.start({
      engine: new ProcessEngine(directory),
      region: REGION,
      ...options,
      environment: {
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_SESSION_TOKEN: sessionToken,
        AWS_ENDPOINT_URL: s3.url,
        ...options.environment,
      },
    })
    const client = new LambdaClient({ endpoint: endpoint.url, region: REGION, credentials: s3.keys, maxAttempts: 1 })
    return new SmallLambda(s3, endpoint, client, directory)
  }

  /** As a deployment does. */
  async install({ script, files = {}, file, function: of }: Install = {}): Promise<void> {
    const root = join(this.#directory, `function-${++this.#installs}`)
    const all = { ...files, ...(script === undefined ? {} : { 'work.sh': script }) }
    for (const [name, content] of Object.entries(all)) {
      const path = join(root, 'files', name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, content)
    }
    const path = join(root, 'worker.json')
    mkdirSync(dirname(path), { recursive: true })
    const document = { ...functionFile(root, this.#workingDirectory), ...file }
    writeFileSync(path, JSON.stringify(document))
    await this.endpoint.install({
      name: FUNCTION,
      memorySize: document.limits.memorySize,
      timeout: document.limits.timeout,
      ephemeralStorageSize: document.limits.ephemeralStorageSize,
      ...of,
      environment: { [SUPERVISOR_VARIABLES.functionFile]: path, ...of?.environment },
    })
  }

  async invoke(event: unknown): Promise<Invoked> {
    const Payload = Buffer.from(JSON.stringify(event))
    const answer = await this.client.send(new InvokeCommand({ FunctionName: FUNCTION, Payload, LogType: 'Tail' }))
    const text = Buffer.from(answer.Payload ?? []).toString()
    return {
      functionError: answer.FunctionError,
      payload: text === '' ? undefined : JSON.parse(text),
      log: Buffer.from(answer.LogResult ?? '', 'base64').toString(),
    }
  }

  /** Answers the status at once. */
  async invokeAsync(event: unknown): Promise<number | undefined> {
    const Payload = Buffer.from(JSON.stringify(event))
    const command = new InvokeCommand({ FunctionName: FUNCTION, Payload, InvocationType: 'Event' })
    return (await this.client.send(command)).StatusCode
  }

  async stop(): Promise<void> {
    this.client.destroy()
    await this.endpoint.stop()
    await this.s3.stop()
    rmSync(this.#workingDirectory, { recursive: true, force: true })
  }
}

const functionFile = (root: string, workingDirectory: string): LambdaFunctionFile => ({
  function: FUNCTION,
  digest: 'sha256:0',
  run: { kind: 'script', path: 'work.sh' },
  filesDir: join(root, 'files'),
  workingDirectory,
  user: '',
  imageEnvironment: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
  variables: [],
  secrets: [],
  input: [{ storage: 'lake', bucket: 'plants', prefix: 'in/', suffix: [] }],
  output: [{ storage: 'lake', bucket: 'plants', prefix: 'out/', match: ['**'] }],
  storages: { lake: {} },
  isolation: 'reuse',
  staging: { bucket: STAGING_BUCKET, prefix: stagingPrefix(FUNCTION) },
  limits: { timeout: 30, memorySize: 1024, ephemeralStorageSize: 512 },
})
