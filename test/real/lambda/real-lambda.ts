/** Lambda with real sandboxes, and S3 beside it at an address that they reach. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import type { LambdaFunction } from '../../support/lambda/engine.js'
import { LambdaEndpoint } from '../../support/lambda/lambda-endpoint.js'
import { RuncEngine } from '../../support/lambda/runc-engine.js'
import type { Invoked } from '../../support/lambda/small-lambda.js'
import { SmallS3 } from '../../support/s3/small-s3.js'
import type { Derived } from './derived-functions.js'

const REGION = 'eu-west-1'

export interface S3Server {
  url: string
  keys: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
}

export class RealLambda {
  readonly endpoint: LambdaEndpoint
  readonly client: LambdaClient
  readonly #directory: string
  readonly #close: () => Promise<void>

  private constructor(endpoint: LambdaEndpoint, s3: S3Server, directory: string, close: () => Promise<void>) {
    this.endpoint = endpoint
    this.#directory = directory
    this.#close = close
    this.client = new LambdaClient({ endpoint: endpoint.url, region: REGION, credentials: s3.keys, maxAttempts: 1 })
  }

  /** `openS3` gets the address at which it must listen. */
  static async start<S3 extends S3Server>(
    openS3: (host: string) => Promise<S3>,
  ): Promise<{ lambda: RealLambda; s3: S3 }> {
    const directory = mkdtempSync(join(tmpdir(), 'spillway-sandboxes-'))
    const engine = new RuncEngine(directory)
    const s3 = await openS3(engine.host)
    const { accessKeyId, secretAccessKey, sessionToken } = s3.keys
    const endpoint = await LambdaEndpoint.start({
      engine,
      region: REGION,
      environment: {
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        ...(sessionToken ? { AWS_SESSION_TOKEN: sessionToken } : {}),
        AWS_ENDPOINT_URL: s3.url,
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      },
    })
    return { s3, lambda: new RealLambda(endpoint, s3, directory, async () => engine.close()) }
  }

  static startSmall(): Promise<{ lambda: RealLambda; s3: SmallS3 }> {
    return RealLambda.start((host) => SmallS3.start({ host }))
  }

  async install({ file, image }: Derived, more: Partial<LambdaFunction> = {}): Promise<void> {
    const { memorySize, timeout, ephemeralStorageSize } = file.limits
    await this.endpoint.install({
      name: file.function,
      memorySize,
      timeout,
      ephemeralStorageSize,
      environment: {},
      image,
      ...more,
    })
  }

  async invoke(name: string, event: unknown): Promise<Invoked> {
    const Payload = Buffer.from(JSON.stringify(event))
    const answer = await this.client.send(new InvokeCommand({ FunctionName: name, Payload, LogType: 'Tail' }))
    const text = Buffer.from(answer.Payload ?? []).toString()
    return {
      functionError: answer.FunctionError,
      payload: text === '' ? undefined : JSON.parse(text),
      log: Buffer.from(answer.LogResult ?? '', 'base64').toString(),
    }
  }

  async stop(): Promise<void> {
    this.client.destroy()
    await this.endpoint.stop()
    await this.#close()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
