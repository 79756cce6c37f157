/** The dispatcher of one service on this machine, as a child process: started, waited for, stopped. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { eventQueueName } from '../dispatcher/backends/lambda/compile/names.js'
import { queuedInputs } from '../dispatcher/backends/lambda/compile/notifications.js'
import { SpillwayError } from '../runtime/contract/errors.js'
import type { BackendsConfig, StorageConfig } from '../runtime/contract/service-config.js'
import { embeddedEnvironment } from './config.js'
import { DispatcherClient } from './dispatcher-client.js'
import { readDispatcherFile, type DispatcherFile } from './locate-dispatcher.js'
import { programPath } from './program-path.js'
import type { Service } from './service.js'
import { makeStateDirectory, stateDirectory } from './state-directory.js'

const START_SECONDS_MAX = 30
/** Time to drain between SIGTERM and SIGKILL. */
const STOP_SECONDS_MAX = 10
const LOG_LINES_SHOWN = 10

/** The program that is started; relative to the compiled file. */
const DISPATCHER_MAIN = programPath('dispatcher', 'main.js')

export interface EmbeddedDispatcher {
  address: DispatcherFile
  /** Aborted when the process has ended, whoever ended it. */
  ended: AbortSignal
  lastWords(): string
  stop(): Promise<void>
}

export interface StartOptions {
  /** 0: any free one. */
  port: number
  signal: AbortSignal
  program?: string
}

/** The dispatcher's own configuration, made from the `spillway` block. */
export function dispatcherConfig(
  { directory, config, lambda }: Pick<Service, 'directory' | 'config' | 'lambda'>,
  port: number,
): object {
  const state = stateDirectory(directory)
  return {
    listen: `127.0.0.1:${port}`,
    database: `sqlite:${join(state, 'spillway.db')}`,
    stateDirectory: state,
    storage: Object.fromEntries(
      Object.entries(config.storage).map(([name, storage]) => [
        name,
        withQueue(absolute(storage, directory), name, lambda),
      ]),
    ),
    backends: withRegion(config.backends, lambda),
    routing: config.routing,
  }
}

/** The queue that `serverless deploy` makes, unless the storage names others. */
function withQueue(storage: StorageConfig, name: string, lambda: Service['lambda']): StorageConfig {
  if (!lambda || storage.queues || !queuedInputs(lambda).some((rule) => rule.storage === name)) return storage
  return { ...storage, region: storage.region ?? lambda.region, queues: [eventQueueName(lambda)] }
}

/** The dispatcher calls functions where the stack puts them. */
const withRegion = ({ lambda, ...others }: BackendsConfig, deployed: Service['lambda']): BackendsConfig => ({
  ...others,
  ...(lambda ? { lambda: { ...(deployed ? { region: deployed.region } : {}), ...lambda } } : {}),
})

const absolute = (storage: StorageConfig, directory: string): StorageConfig => ({
  ...storage,
  ...(storage.path === undefined ? {} : { path: resolve(directory, storage.path) }),
  ...(storage.caFile === undefined ? {} : { caFile: resolve(directory, storage.caFile) }),
})

/** Resolves when it takes work; an abort stops it again. */
export async function startEmbedded(
  service: Service,
  { port, signal, program = DISPATCHER_MAIN }: StartOptions,
): Promise<EmbeddedDispatcher> {
  const state = makeStateDirectory(service.directory)
  const configFile = join(state, 'dispatcher.yml')
  writeFileSync(configFile, `${JSON.stringify(dispatcherConfig(service, port), undefined, 2)}\n`)
  const logFile = join(state, 'dispatcher.log')
  const child = spawnLogged([program, 'serve', '--config', configFile], service.directory, logFile)
  const ended = endSignal(child)
  const stop = () => stopChild(child, ended)
  const lastWords = () => lastLines(logFile)
  try {
    const address = await untilReady(service.directory, child, AbortSignal.any([signal, ended]))
    return { address, ended, lastWords, stop }
  } catch (cause) {
    await stop()
    signal.throwIfAborted()
    throw new SpillwayError(
      'dispatcher-unreachable',
      `The dispatcher did not start; ${logFile} ends with:\n${lastWords()}`,
      {},
      { cause },
    )
  }
}

/** In a process group of its own: Ctrl-C in the terminal reaches us alone, and we let it drain. */
function spawnLogged(args: string[], cwd: string, logFile: string): ChildProcess {
  const log = openSync(logFile, 'w')
  try {
    return spawn(process.execPath, args, {
      cwd,
      detached: true,
      env: embeddedEnvironment(),
      stdio: ['ignore', log, log],
    })
  } finally {
    closeSync(log)
  }
}

function endSignal(child: ChildProcess): AbortSignal {
  const controller = new AbortController()
  for (const event of ['exit', 'error']) child.once(event, () => controller.abort())
  return controller.signal
}

async function untilReady(directory: string, child: ChildProcess, signal: AbortSignal): Promise<DispatcherFile> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(START_SECONDS_MAX * 1000)])
  for (;;) {
    const file = readDispatcherFile(directory)
    if (file && file.pid === child.pid && (await new DispatcherClient(file).isReady())) return file
    await delay(50, undefined, { signal: deadline })
  }
}

async function stopChild(child: ChildProcess, ended: AbortSignal): Promise<void> {
  if (ended.aborted) return
  const gone = once(ended, 'abort')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS_MAX * 1000)
  await gone
  clearTimeout(timer)
}

const lastLines = (file: string) => readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n')
