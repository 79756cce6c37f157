/** What a sandbox has for all its events. */
import type { WorkerFile } from '../../contract/runtime-api.js'
import type { ApiClient } from '../api-client.js'
import { S3Client } from '../aws/s3-client.js'
import type { WorkerConfig } from '../config.js'
import { ClientRunner } from '../client/client-runner.js'
import { onceAtATime } from '../once-at-a-time.js'
import type { Runner } from '../runner.js'
import { runnerFor } from '../runner-for.js'
import { prepareScratch, prepareWorkspace } from '../workspace.js'
import type { LambdaConfig } from './lambda-config.js'
import { Sandbox } from './sandbox.js'
import { fetchSecrets } from './secrets.js'

export interface LambdaHost {
  api: ApiClient
  config: LambdaConfig
  s3: S3Client
  runner: Runner
  sandbox: Sandbox
  /** The function as release of that number. */
  workerOf(release: number): WorkerConfig
  /** The sandbox is to end. */
  shutdown: AbortSignal
  /** Epoch milliseconds */
  now: () => number
  note: (text: string) => void
}

export interface OpenHost extends Pick<LambdaHost, 'api' | 'config' | 'shutdown' | 'now' | 'note'> {}

/** All that is done once per sandbox; a function that cannot run says so here. */
export async function openHost(open: OpenHost): Promise<LambdaHost> {
  const { config, now, note } = open
  const { region, credentials, endpoints, scratch } = config
  const [secrets] = await Promise.all([fetchSecrets(config, now), prepareScratch(scratch)])
  const workerOf = (release: number) => workerConfig(config, secrets, release)
  const prepare = onceAtATime(() => prepareWorkspace(scratch), note)
  const runner = await runnerFor(workerOf(config.version), prepare)
  const s3 = new S3Client({ region, credentials, now, ...(endpoints.s3 ? { endpoint: endpoints.s3 } : {}) })
  if (runner instanceof ClientRunner) await startClient(runner)
  else setImmediate(prepare)
  return { ...open, s3, runner, workerOf, sandbox: new Sandbox(config) }
}

async function startClient(runner: ClientRunner): Promise<void> {
  const failure = await runner.start()
  if (failure !== undefined) throw new Error(failure)
}

function workerConfig(config: LambdaConfig, secrets: Record<string, string>, release: number): WorkerConfig {
  const { file, scratch, inherited, environment } = config
  const worker: WorkerFile = {
    function: file.function,
    release,
    backend: 'lambda',
    run: file.run,
    environment: { ...environment, ...secrets },
    filesDir: file.filesDir,
    workingDirectory: file.workingDirectory,
    fresh: file.isolation === 'fresh',
    // Lambda keeps the lease of its sandboxes itself.
    heartbeatSeconds: Infinity,
    leaseSeconds: Infinity,
  }
  return { scratch, worker, inherited }
}
