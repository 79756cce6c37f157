/** A service in a folder, and AWS for it: moto plays the APIs, a registry ECR's, and what is deployed runs in sandboxes. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { OSLS4, runCli, startCli } from '../../support/cli.js'
import { busyboxRoot } from '../../support/containers/root-directories.js'
import { Podman } from '../../support/containers/podman.js'
import { eventually } from '../../support/eventually.js'
import { MotoServer, whyNoMoto } from '../programs/moto.js'
import { RegistryServer } from '../programs/registry.js'
import { AwsS3 } from './aws-s3.js'
import { deployedFunctions } from './deployed-functions.js'
import { whyNoDerivedFunctions } from './derived-functions.js'
import { RealLambda } from './real-lambda.js'

const REPOSITORY = resolve(__dirname, '../../..')

export const REGION = 'eu-west-1'

/** Why there can be none here; undefined when there can. */
export const whyNoAwsStage = (): string | undefined => whyNoDerivedFunctions() ?? whyNoMoto()

export class AwsStage {
  readonly directory: string
  /** Of a small system, for functions that need one. */
  readonly image: string
  readonly s3: AwsS3
  readonly #root = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-test-')))
  readonly #podman = Podman.open()
  #deployments = 0
  #dev: ChildProcess | undefined

  private constructor(
    readonly moto: MotoServer,
    readonly lambda: RealLambda,
    readonly registry: RegistryServer,
  ) {
    this.s3 = new AwsS3(this.config, lambda.client)
    this.image = this.makeImage('busybox', busyboxRoot)
    this.directory = join(this.#root, 'service')
    for (const name of ['service', 'node_modules']) mkdirSync(join(this.#root, name))
    symlinkSync(REPOSITORY, join(this.#root, 'node_modules', 'serverless-spillway'))
  }

  static async start(): Promise<AwsStage> {
    const { lambda, s3: moto } = await RealLambda.start((host) => MotoServer.start(host))
    return new AwsStage(moto, lambda, await RegistryServer.start())
  }

  /** Of clients of the AWS SDK. */
  get config() {
    return { endpoint: this.moto.url, region: REGION, credentials: this.moto.keys }
  }

  /** Its name in the registry. */
  makeImage(name: string, fill: (root: string) => void): string {
    const image = `${this.registry.host}/base/${name}:1`
    const made = this.#podman.makeImage(name, fill)
    this.#podman.run('push', '--quiet', '--tls-verify=false', made, image)
    // For containers on this machine, which need not pull it then.
    this.#podman.run('tag', made, image)
    return image
  }

  roles = () => this.#names('iam', { Action: 'ListRoles', Version: '2010-05-08' }, 'RoleName')
  stacks = () => this.#names('cloudformation', { Action: 'DescribeStacks', Version: '2010-05-15' }, 'StackName')

  async logGroups(): Promise<string[]> {
    const headers = { 'x-amz-target': 'Logs_20140328.DescribeLogGroups', 'content-type': 'application/x-amz-json-1.1' }
    const { logGroups } = JSON.parse(await this.#post('logs', '{}', headers)) as {
      logGroups: { logGroupName: string }[]
    }
    return logGroups.map(({ logGroupName }) => logGroupName)
  }

  /** What an API that answers in XML lists, by the element that names it. */
  async #names(service: string, query: Record<string, string>, element: string): Promise<string[]> {
    const xml = await this.#post(service, new URLSearchParams(query))
    return [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map(([, name]) => name!)
  }

  /** moto goes by the name of the service alone. */
  async #post(service: string, body: string | URLSearchParams, headers: Record<string, string> = {}): Promise<string> {
    const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/${service}/aws4_request, x`
    const answer = await fetch(this.moto.url, { method: 'POST', headers: { authorization, ...headers }, body })
    assert.ok(answer.ok, `${service}: ${answer.status}`)
    return answer.text()
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.directory, name), text)
  }

  /** Runs a command to its end; what it said. */
  async run(words: string): Promise<string> {
    const run = { cwd: this.directory, environment: this.#environment }
    const { code, stdout, stderr } = await runCli(OSLS4, words.split(' '), run)
    assert.equal(code, 0, stdout + stderr)
    return stdout + stderr
  }

  /** `serverless spillway dev`, until so many functions are in its dispatcher. */
  async startDev(functions: number): Promise<void> {
    this.#dev = startCli(OSLS4, ['spillway', 'dev'], {
      cwd: this.directory,
      environment: {
        ...this.#environment,
        ...this.#podman.environment,
        AWS_ENDPOINT_URL_LAMBDA: this.lambda.endpoint.url,
      },
    })
    const known = async () => (await this.ask<{ functions: object[] }>('/v1/functions')).functions.length
    await eventually(async () => (await known()) === functions, {
      timeoutMs: 60_000,
      what: 'functions in a dispatcher',
    })
  }

  /** As Ctrl-C does. */
  async stopDev(): Promise<void> {
    if (!this.#dev || this.#dev.exitCode !== null) return
    const ended = once(this.#dev, 'exit')
    this.#dev.kill('SIGINT')
    await ended
  }

  /** Of the dispatcher that `dev` has started. */
  async ask<T>(path: string): Promise<T> {
    const file = join(this.directory, '.spillway', 'dispatcher.json')
    const { url } = JSON.parse(readFileSync(file, 'utf8')) as { url: string }
    return (await (await fetch(url + path)).json()) as T
  }

  /** Makes what the template says run; the names of the functions. */
  async install(): Promise<string[]> {
    const scratch = join(this.#root, `images-${++this.#deployments}`)
    mkdirSync(scratch)
    const { directory, registry } = this
    const functions = deployedFunctions({ directory, registry: registry.host, podman: this.#podman, scratch })
    for (const one of functions) await this.lambda.endpoint.install(one)
    return functions.map(({ name }) => name).sort()
  }

  async stop(): Promise<void> {
    this.#dev?.kill('SIGKILL')
    this.s3.close()
    this.#podman.close()
    await this.registry.stop()
    await this.lambda.stop()
    await this.moto.stop()
    rmSync(this.#root, { recursive: true, force: true })
  }

  get #environment(): Record<string, string> {
    return { ...this.moto.environment, SPILLWAY_ECR_REGISTRY: this.registry.host }
  }
}
