/** Three dispatchers on one PostgreSQL behind a load balancer: they and their workers are killed while work comes in; then the books are checked. */
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Books } from '../support/books.js'
import { DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { randomNumbers } from '../support/random-numbers.js'
import { RoundRobin } from '../support/round-robin.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { checkBooksUnderBlows, nothingRuns, QUICK_TO_NOTICE, WORK, type Struck } from '../support/under-blows.js'
import { processesOf, signal, workerPids } from '../support/worker-pids.js'
import { postgresServer } from './programs/postgres.js'

const REPLICAS = 3
const KILLS = 25
const SEED = Number(process.env.SPILLWAY_TEST_SEED ?? Date.now() % 1_000_000)

/** Milliseconds from a kill to the result of a file that comes after it: two beats, a start, and a margin for a busy machine. */
const TAKEOVER_MS = 10_000

describe('several dispatchers on one PostgreSQL', function () {
  this.timeout(600_000)
  const directory = temporaryDirectory()
  const stops: (() => Promise<unknown> | void)[] = []
  const server = postgresServer()

  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
    for (const pid of processesOf(directory())) signal(pid, 'SIGKILL')
  })

  it(`lose nothing and commit nothing twice in ${KILLS} kills (SPILLWAY_TEST_SEED=${SEED})`, async () => {
    const random = randomNumbers(SEED)
    const team = await Team.start({ directory: directory(), database: await server().createDatabase('team'), random })
    stops.push(() => team.stop())
    await team.any.put('s-dev-work', WORK.script, WORK.spec)
    const over = new AbortController()
    stops.push(() => over.abort())
    const blows = { kills: KILLS, seed: SEED, random, signal: over.signal }
    const invocations = await checkBooksUnderBlows(team, blows)
    await team.logsAreEverywhere(invocations)
    await team.stop()
    await nothingRuns(directory())
  })

  it('take over at once what one that is killed was to do', async () => {
    const random = randomNumbers(SEED)
    const team = await Team.start({
      directory: directory(),
      database: await server().createDatabase('takeover'),
      random,
    })
    stops.push(() => team.stop())
    await team.any.put('s-dev-work', WORK.script, WORK.spec)
    const since = await team.killTheOneThatLists()
    writeFileSync(team.path('in', 'late'), 'late')
    await eventually(() => existsSync(team.path('out', 'late.1.a')), { timeoutMs: TAKEOVER_MS, what: 'the result' })
    process.stdout.write(`        taken over, found, run and published in ${Date.now() - since} ms\n`)
  })
})

interface TeamOptions {
  directory: string
  /** URL */
  database: string
  random: () => number
}

/** The dispatchers, each at an address of its own that it keeps, and the one address in front of them. */
class Team implements Struck {
  readonly #options: TeamOptions
  readonly #ports: readonly number[]
  readonly #proxy: RoundRobin
  readonly #dispatchers: DispatcherProcess[] = []

  private constructor(options: TeamOptions, ports: readonly number[], proxy: RoundRobin) {
    this.#options = options
    this.#ports = ports
    this.#proxy = proxy
  }

  static async start(options: TeamOptions): Promise<Team> {
    const ports: number[] = []
    while (ports.length < REPLICAS) ports.push(await freePort())
    const proxy = await RoundRobin.open(ports.map((port) => `http://127.0.0.1:${port}`))
    const team = new Team(options, ports, proxy)
    try {
      await team.#startAll()
      return team
    } catch (error) {
      await team.stop()
      throw error
    }
  }

  get url(): string {
    return this.#proxy.url
  }

  get any(): DispatcherProcess {
    return this.#dispatchers[this.#pick()]!
  }

  path(...parts: string[]): string {
    return join(this.#options.directory, 'data', ...parts)
  }

  async strike(): Promise<boolean> {
    const index = this.#pick()
    const blow = this.#options.random()
    if (blow < 0.1) {
      await this.#freezeOne(index)
      return false
    }
    if (blow < 0.6) return this.#killWorkerOf(index)
    await (blow < 0.9 ? this.#killOne(index) : this.#killAll())
    return true
  }

  /** What a script printed is found by the id, whoever is asked, and whoever ran it is dead or not. */
  async logsAreEverywhere(invocations: Books['invocations']): Promise<void> {
    for (const { input, record } of invocations.filter(({ record: { state } }) => state === 'succeeded').slice(-5))
      for (const dispatcher of this.#dispatchers) {
        const { body } = await dispatcher.call<string>('GET', `/v1/invocations/${record.id}/log`)
        const texts = body
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { text: string }).text)
        assert.ok(texts.includes(`log of ${input}`), body)
      }
  }

  /** Answers when. */
  async killTheOneThatLists(): Promise<number> {
    const lists = (dispatcher: DispatcherProcess) => /this dispatcher has [^"]*list here/.test(dispatcher.log)
    const one = await eventually(() => this.#dispatchers.find(lists), { what: 'the one that lists' })
    const since = Date.now()
    await one.kill()
    return since
  }

  async stop(): Promise<void> {
    await Promise.all(this.#dispatchers.map((dispatcher) => dispatcher.stop()))
    await this.#proxy.close()
  }

  #pick(): number {
    return Math.floor(this.#options.random() * REPLICAS)
  }

  #directoryOf(index: number): string {
    return join(this.#options.directory, `replica-${index}`)
  }

  async #start(index: number): Promise<void> {
    this.#dispatchers[index] = await DispatcherProcess.start({
      directory: this.#directoryOf(index),
      config: {
        listen: `127.0.0.1:${this.#ports[index]}`,
        ...QUICK_TO_NOTICE,
        storage: { here: { type: 'directory', path: this.path(), settle: 0.05 } },
      },
      environment: { SPILLWAY_DATABASE: this.#options.database, SPILLWAY_WORKER_SECRET: 'the same for all' },
    })
  }

  /** Its workers live on and find its next life; the others take over meanwhile. */
  async #killOne(index: number): Promise<void> {
    await this.#dispatchers[index]!.kill()
    await delay(this.#options.random() * 2000)
    await this.#start(index)
  }

  #killWorkerOf(index: number): boolean {
    const pids = workerPids(this.#directoryOf(index))
    const pid = pids[Math.floor(this.#options.random() * pids.length)]
    return pid !== undefined && signal(pid, 'SIGKILL')
  }

  async #killAll(): Promise<void> {
    await Promise.all(this.#dispatchers.map((dispatcher) => dispatcher.kill()))
    await this.#startAll()
  }

  async #startAll(): Promise<void> {
    await Promise.all(this.#ports.map((_, index) => this.#start(index)))
  }

  /** It comes back in the middle of what it did. */
  async #freezeOne(index: number): Promise<void> {
    const { pid } = this.#dispatchers[index]!
    signal(pid, 'SIGSTOP')
    await delay(this.#options.random() * 3000)
    signal(pid, 'SIGCONT')
  }
}
