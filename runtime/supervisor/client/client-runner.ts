/** Runs a function that is a runtime client: started once, handed one event after the other, started anew when it ends. */
import { totalmem } from 'node:os'
import { mkdir, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { WorkerConfig } from '../config.js'
import { programFor } from '../program.js'
import type { LineSink } from '../pump-output.js'
import type { Runner, RunnerRun } from '../runner.js'
import type { RunEnd } from '../run-script.js'
import type { ScriptContext } from '../script-environment.js'
import { settlesWithin, wait } from '../wait.js'
import { workingDirectoryFor } from '../working-directory.js'
import { layout } from '../workspace.js'
import { ClientApi, type ClientAnswer, type ClientEvent } from './client-api.js'
import { clientEnvironment, CURRENT } from './client-environment.js'
import { endedFailure, reportedFailure } from './client-failure.js'
import { ClientOutput } from './client-output.js'
import { ClientProcess } from './client-process.js'

/** Milliseconds for which a client may go on after its answer, as to print something, before its attempt is over. */
const AFTERWARDS_MS = 500
/** Milliseconds after which what it printed has come through the pipe. */
const PIPE_MS = 2

export interface ClientRun {
  /** Workspace of the attempt, where there is one. */
  directory?: string
  log: LineSink
  stop: AbortSignal
  hurry: AbortSignal
}

/** Its answer, or its end without one. */
export type ClientEnd = ClientAnswer | { kind: 'ended'; end: RunEnd }

export class ClientRunner implements Runner {
  readonly #config: WorkerConfig
  readonly #output = new ClientOutput()
  #api: ClientApi | undefined
  #process: ClientProcess | undefined

  constructor(config: WorkerConfig) {
    this.#config = config
  }

  /** Starts the client ahead of time; resolves when it asks for an event, or to why it did not come that far. */
  async start(): Promise<string | undefined> {
    const { api, process } = await this.#started()
    const end = await Promise.race([api.asked(), process.ended])
    return end ? endedFailure(end, api.initError) : undefined
  }

  async run(context: ScriptContext, { listen, ...run }: RunnerRun): Promise<RunEnd> {
    const { id, headers, event, workspace } = context
    const answer = await this.exchange({ id, headers, body: Buffer.from(event) }, { ...run, directory: workspace.root })
    if (answer.kind === 'ended') return answer.end
    if (answer.kind === 'error') return { failure: reportedFailure(answer) }
    listen?.(answer.body)
    return { exitCode: 0 }
  }

  /**
   * Hands the client one event and waits for what it makes of it. One that has ended since its last event, which is
   * noticed only now, is started anew.
   */
  async exchange(event: ClientEvent, run: ClientRun): Promise<ClientEnd> {
    const answer = await this.#exchange(event, run)
    const wasTaken = answer.kind !== 'ended' || this.#api?.hasTaken || run.stop.aborted
    return wasTaken ? answer : this.#exchange(event, run)
  }

  async #exchange(event: ClientEvent, { directory, log, stop, hurry }: ClientRun): Promise<ClientEnd> {
    const { api, process } = await this.#started()
    await this.#enter(directory ?? this.#home)
    this.#output.attach(log)
    const over = new AbortController()
    try {
      const stopped = wait(Infinity, AbortSignal.any([stop, over.signal]))
      const end = await Promise.race([api.hand(event), process.ended, stopped])
      if (!end) return { kind: 'ended', end: await process.terminate(hurry) }
      if (!('kind' in end)) return { kind: 'ended', end: { ...end, failure: endedFailure(end, api.initError) } }
      await settlesWithin(Promise.race([api.asked(), process.ended]), AFTERWARDS_MS)
      await wait(PIPE_MS)
      return end
    } finally {
      over.abort()
      this.#output.detach()
    }
  }

  async close(): Promise<void> {
    const hurry = new AbortController()
    hurry.abort()
    await this.#process?.terminate(hurry.signal)
    this.#api?.close()
  }

  async #started(): Promise<{ api: ClientApi; process: ClientProcess }> {
    const api = (this.#api ??= await ClientApi.open())
    if (this.#process && !this.#process.hasEnded) return { api, process: this.#process }
    api.forget()
    const { worker } = this.#config
    const { tmp: work, ...others } = layout(this.#home)
    for (const directory of [work, others.input, others.output]) await mkdir(directory, { recursive: true })
    await this.#enter(this.#home)
    this.#process = new ClientProcess({
      program: programFor(worker),
      workingDirectory: workingDirectoryFor(worker, { work }),
      environment: clientEnvironment(this.#config, { address: api.address, megabytes: megabytesHere() }),
      output: this.#output,
    })
    return { api, process: this.#process }
  }

  /** Where its variables lead between attempts. */
  get #home(): string {
    return join(this.#config.scratch, 'client')
  }

  /** Leads the client's variables to the files of the attempt. */
  async #enter(workspace: string): Promise<void> {
    const link = join(this.#config.scratch, CURRENT)
    const draft = `${link}.new`
    await rm(draft, { force: true })
    await symlink(workspace, draft)
    await rename(draft, link)
  }
}

/** What the container has, or the machine where nothing is limited. */
function megabytesHere(): number {
  const limit = process.constrainedMemory() || Infinity
  return Math.floor(Math.min(limit, totalmem()) / 1024 ** 2)
}
