/** Dispatchers and workers are killed at random moments while work comes in; then the books are checked. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import { audit, type Books } from '../support/books.js'
import { DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { Feeder } from '../support/feeder.js'
import { freePort } from '../support/free-port.js'
import { randomNumbers } from '../support/random-numbers.js'
import { ResultWatch } from '../support/result-watch.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { processesOf, signal, workerPids } from '../support/worker-pids.js'

export interface Survival {
  kills: number
  /** Milliseconds for the whole test. */
  timeoutMs: number
  /** The server that keeps the record; without one it is a file. */
  server?: () => RecordServer
}

export interface RecordServer {
  /** URL of the database, with its password. */
  url: string
  /** Ends it as a power cut does; resolves when it takes connections again. */
  strike(): Promise<void>
}

const LEASE_SECONDS = 2

/** Milliseconds in which work goes on when nothing is killed any more: a lease, a start, the pause before a retry. */
const STUCK_MS = 20_000

/** Milliseconds between two kills, at most. */
const QUIET_MS = 700

/** Leaves two results that name the input, the invocation and the attempt; some run long enough to be hit. */
const SCRIPT = `#!/bin/sh
input=$(cat "$INPUT_FILE_PATH")
case $input in
  *-bad) exit 3 ;;
  *7) sleep 0.4 ;;
esac
for part in a b; do echo "$input $REQUEST_ID $SPILLWAY_ATTEMPT" > "$TMP_OUTPUT_DIR/$input.$SPILLWAY_ATTEMPT.$part"; done
`

const SPEC = {
  input: 'here://in/',
  output: 'here://out/',
  retries: { attempts: 2, minDelay: 0 },
}

export function survivesSuite({ kills, timeoutMs, server }: Survival): void {
  const seed = Number(process.env.SPILLWAY_TEST_SEED ?? Date.now() % 1_000_000)
  const directory = temporaryDirectory()
  const stops: (() => Promise<unknown> | void)[] = []

  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
    for (const pid of processesOf(directory())) signal(pid, 'SIGKILL')
  })

  it(`loses nothing and commits nothing twice in ${kills} kills (SPILLWAY_TEST_SEED=${seed})`, async function () {
    this.timeout(timeoutMs)
    const random = randomNumbers(seed)
    const victim = await Victim.start(directory(), random, server?.())
    stops.push(() => victim.stop())
    const feeder = new Feeder({ data: victim.path(), url: victim.url, random: randomNumbers(seed + 1), pauseMs: 150 })
    const results = new ResultWatch(victim.path('out'))
    stops.push(() => results.close())
    feeder.start()
    for (let kill = 0; kill < kills; kill++) {
      await delay(random() * QUIET_MS)
      await victim.kill()
    }
    await feeder.stop()
    const records = await victim.ended(feeder.acknowledged.size)
    const books = {
      ...feeder,
      invocations: records.map((record) => ({ input: inputOf(record, feeder.inputs), record })),
      results: results.results(),
    } satisfies Books
    assert.deepEqual(audit(books), [])
    assert.ok(
      records.some(({ tries }) => tries.length > 1 && tries[0]!.cause === 'worker-lost'),
      'nothing was hit',
    )
    await victim.stop()
    assert.deepEqual(processesOf(directory()), [], 'something is still running')
    await victim.restart()
    assert.deepEqual(readdirSync(victim.path('.spillway', 'staging')), [], 'results were left in the staging place')
  })
}

/** The dispatcher and its workers, and the many ways to hurt them. */
class Victim {
  readonly #directory: string
  readonly #random: () => number
  readonly #config: Record<string, unknown>
  readonly #server: RecordServer | undefined
  readonly url: string
  #dispatcher: DispatcherProcess | undefined

  private constructor(directory: string, port: number, random: () => number, server?: RecordServer) {
    this.#directory = directory
    this.#random = random
    this.#server = server
    this.url = `http://127.0.0.1:${port}`
    this.#config = {
      listen: `127.0.0.1:${port}`,
      lease: LEASE_SECONDS,
      heartbeat: 0.5,
      drain: 0,
      backends: { local: { slots: 2 } },
    }
  }

  static async start(directory: string, random: () => number, server?: RecordServer): Promise<Victim> {
    const victim = new Victim(directory, await freePort(), random, server)
    await victim.#start()
    await victim.#dispatcher!.put('s-dev-work', SCRIPT, SPEC)
    return victim
  }

  path(...parts: string[]): string {
    return join(this.#directory, 'data', ...parts)
  }

  /** One blow, and back on its feet. */
  async kill(): Promise<void> {
    if (this.#server && this.#random() < 0.2) return this.#server.strike()
    const blow = this.#random()
    if (blow < 0.3) return this.#killDispatcher()
    if (blow < 0.5) return this.#powerCut()
    if (blow < 0.9) this.#strikeWorker('SIGKILL')
    else this.#freezeWorker()
  }

  /** All records, once so many invocations have ended; gives up when none ends any more. */
  async ended(count: number): Promise<InvocationRecord[]> {
    await this.#well()
    let open = await this.#open(count)
    while (open.length > 0) {
      const before = open
      const what = `the end of one more of ${before.length} invocations, the oldest ${before.at(-1)}`
      const progress = async () => {
        const left = await this.#open(count)
        return left.length < before.length && { left }
      }
      open = (await eventually(progress, { timeoutMs: STUCK_MS, everyMs: 200, what })).left
    }
    const records = []
    for (const { id } of await this.#all()) records.push(await this.#dispatcher!.invocation(id))
    return records
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.#start()
  }

  async stop(): Promise<void> {
    await this.#dispatcher?.stop()
  }

  /** After the last blow. */
  async #well(): Promise<void> {
    const isReady = async () => (await this.#dispatcher!.call('GET', '/readyz')).status === 200
    await eventually(isReady, { what: 'a dispatcher that is well' })
  }

  /** What has not ended, newest first, or not even come. */
  async #open(count: number): Promise<string[]> {
    const all = await this.#all()
    const open = all.filter(({ state }) => !['succeeded', 'failed'].includes(state))
    const missing = Array.from({ length: Math.max(0, count - all.length) }, () => 'that is not on record')
    return [...open.map(({ id, state }) => `${id} (${state})`), ...missing]
  }

  async #all() {
    const all = []
    for (let cursor = ''; ;) {
      const page = await this.#dispatcher!.invocations(`?limit=500${cursor}`)
      assert.ok(page.invocations, JSON.stringify(page))
      all.push(...page.invocations)
      if (page.cursor === undefined) return all
      cursor = `&cursor=${page.cursor}`
    }
  }

  async #start(): Promise<void> {
    this.#dispatcher = await DispatcherProcess.start({
      directory: this.#directory,
      config: this.#config,
      environment: this.#server && { SPILLWAY_DATABASE: this.#server.url },
    })
  }

  /** The workers live on, and find the next dispatcher. */
  async #killDispatcher(): Promise<void> {
    await this.#dispatcher!.kill()
    await this.#start()
  }

  async #powerCut(): Promise<void> {
    const pids = processesOf(this.#directory)
    const died = this.#dispatcher!.kill()
    for (const pid of pids) signal(pid, 'SIGKILL')
    await died
    await this.#start()
  }

  #strikeWorker(blow: NodeJS.Signals): number | undefined {
    const pids = workerPids(this.#directory)
    const pid = pids[Math.floor(this.#random() * pids.length)]
    if (pid !== undefined) signal(pid, blow)
    return pid
  }

  /** It comes back as a zombie: its lease has run out meanwhile. */
  #freezeWorker(): void {
    const pid = this.#strikeWorker('SIGSTOP')
    if (pid !== undefined) setTimeout(() => signal(pid, 'SIGCONT'), LEASE_SECONDS * 1500).unref()
  }
}

function inputOf({ id, input }: InvocationRecord, requests: ReadonlyMap<string, string>): string {
  return input.kind === 'object' ? input.event.key : (requests.get(id) ?? `unknown ${id}`)
}
