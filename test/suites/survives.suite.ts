/** Dispatchers and workers are killed at random moments while work comes in; then the books are checked. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { randomNumbers } from '../support/random-numbers.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import {
  checkBooksUnderBlows,
  LEASE_SECONDS,
  nothingRuns,
  QUICK_TO_NOTICE,
  WORK,
  type Struck,
} from '../support/under-blows.js'
import { processesOf, signal, workerPids } from '../support/worker-pids.js'

export interface Survival {
  /** All in all. */
  kills: number
  /** Dispatchers that are hit at the same time, each on its own, with its share of the kills. */
  lives?: number
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

export function survivesSuite({ kills, lives = 1, timeoutMs, server }: Survival): void {
  const seed = Number(process.env.SPILLWAY_TEST_SEED ?? Date.now() % 1_000_000)
  const directory = temporaryDirectory()
  const stops: (() => Promise<unknown> | void)[] = []

  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
    for (const pid of processesOf(directory())) signal(pid, 'SIGKILL')
  })

  it(`loses nothing and commits nothing twice in ${kills} kills (SPILLWAY_TEST_SEED=${seed})`, async function () {
    this.timeout(timeoutMs)
    const shares = Array.from({ length: lives }, (_, life) => Math.ceil((kills - life) / lives))
    await Promise.all(shares.map((share, life) => live(join(directory(), String(life)), share, seed + 2 * life)))
  })

  async function live(place: string, share: number, itsSeed: number): Promise<void> {
    const random = randomNumbers(itsSeed)
    const victim = await Victim.start(place, random, server?.())
    stops.push(() => victim.stop())
    const over = new AbortController()
    stops.push(() => over.abort())
    await checkBooksUnderBlows(victim, { kills: share, seed: itsSeed, random, signal: over.signal })
    await victim.stop()
    await nothingRuns(place)
    await victim.restart()
    assert.deepEqual(readdirSync(victim.path('.spillway', 'staging')), [], 'results were left in the staging place')
  }
}

/** The dispatcher and its workers, and the many ways to hurt them. */
class Victim implements Struck {
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
    this.#config = { listen: `127.0.0.1:${port}`, ...QUICK_TO_NOTICE }
  }

  static async start(directory: string, random: () => number, server?: RecordServer): Promise<Victim> {
    const victim = new Victim(directory, await freePort(), random, server)
    await victim.#start()
    await victim.#dispatcher!.put('s-dev-work', WORK.script, WORK.spec)
    return victim
  }

  get any(): DispatcherProcess {
    return this.#dispatcher!
  }

  path(...parts: string[]): string {
    return join(this.#directory, 'data', ...parts)
  }

  async strike(): Promise<boolean> {
    if (this.#server && this.#random() < 0.2) {
      await this.#server.strike()
      return false
    }
    const blow = this.#random()
    if (blow < 0.1) {
      this.#freezeWorker()
      return false
    }
    if (blow < 0.5) return this.#strikeWorker('SIGKILL') !== undefined
    await (blow < 0.8 ? this.#killDispatcher() : this.#powerCut())
    return true
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.#start()
  }

  async stop(): Promise<void> {
    await this.#dispatcher?.stop()
  }

  async well(): Promise<void> {
    const isReady = async () => (await this.#dispatcher!.call('GET', '/readyz')).status === 200
    await eventually(isReady, { what: 'a dispatcher that is well' })
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
    return pid !== undefined && signal(pid, blow) ? pid : undefined
  }

  /** It comes back as a zombie: its lease has run out meanwhile. */
  #freezeWorker(): void {
    const pid = this.#strikeWorker('SIGSTOP')
    if (pid !== undefined) setTimeout(() => signal(pid, 'SIGCONT'), LEASE_SECONDS * 1500).unref()
  }
}
