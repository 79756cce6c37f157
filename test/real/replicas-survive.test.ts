/** Three dispatchers on one PostgreSQL behind a load balancer: they and their workers are killed while work comes in; then the books are checked. */
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
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
import { RoundRobin } from '../support/round-robin.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { processesOf, signal, workerPids } from '../support/worker-pids.js'
import { PostgresServer, whyNoPostgres } from './programs/postgres.js'

const REPLICAS = 3
const KILLS = 25
const SEED = Number(process.env.SPILLWAY_TEST_SEED ?? Date.now() % 1_000_000)
const LEASE_SECONDS = 2

/** Milliseconds between two blows, at most. */
const QUIET_MS = 700

/** Milliseconds from a kill to the result of a file that comes after it: two beats, a start, and a margin for a busy machine. */
const TAKEOVER_MS = 10_000

/** Milliseconds in which work goes on when nothing is killed any more. */
const STUCK_MS = 30_000

/** Leaves two results that name the input, the invocation and the attempt; some run long enough to be hit. */
const SCRIPT = `#!/bin/sh
input=$(cat "$INPUT_FILE_PATH")
echo "log of $input"
case $input in
  *-bad) exit 3 ;;
  *7) sleep 0.4 ;;
esac
for part in a b; do echo "$input $REQUEST_ID $SPILLWAY_ATTEMPT" > "$TMP_OUTPUT_DIR/$input.$SPILLWAY_ATTEMPT.$part"; done
`

const SPEC = { input: 'here://in/', output: 'here://out/', retries: { attempts: 2, minDelay: 0 } }

describe('several dispatchers on one PostgreSQL', function () {
  this.timeout(600_000)
  const directory = temporaryDirectory()
  const stops: (() => Promise<unknown> | void)[] = []
  let server: PostgresServer

  before(async function () {
    const reason = whyNoPostgres()
    if (reason !== undefined) {
      process.stdout.write(`    skipped: ${reason}\n`)
      return this.skip()
    }
    server = await PostgresServer.start()
  })
  after(() => server?.stop())
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
    for (const pid of processesOf(directory())) signal(pid, 'SIGKILL')
  })

  it(`lose nothing and commit nothing twice in ${KILLS} kills (SPILLWAY_TEST_SEED=${SEED})`, async () => {
    const random = randomNumbers(SEED)
    const team = await Team.start({ directory: directory(), database: await server.createDatabase('team'), random })
    stops.push(() => team.stop())
    await team.any.put('s-dev-work', SCRIPT, SPEC)
    const feeder = new Feeder({ data: team.path(), url: team.url, random: randomNumbers(SEED + 1), pauseMs: 150 })
    const results = new ResultWatch(team.path('out'))
    stops.push(() => results.close())
    feeder.start()
    for (let kill = 0; kill < KILLS; kill++) {
      await delay(random() * QUIET_MS)
      await team.strike()
    }
    await feeder.stop()
    const records = await team.ended(feeder.acknowledged.size)
    const books = {
      ...feeder,
      invocations: records.map((record) => ({ input: inputOf(record, feeder.inputs), record })),
      results: results.results(),
    } satisfies Books
    assert.deepEqual(audit(books), [])
    assert.ok(
      records.some(({ tries }) => tries.some(({ cause }) => cause === 'worker-lost')),
      'nothing was hit',
    )
    await team.logsAreEverywhere(books.invocations)
    await team.stop()
    assert.deepEqual(processesOf(directory()), [], 'something is still running')
  })

  it('take over at once what one that is killed was to do', async () => {
    const random = randomNumbers(SEED)
    const team = await Team.start({ directory: directory(), database: await server.createDatabase('takeover'), random })
    stops.push(() => team.stop())
    await team.any.put('s-dev-work', SCRIPT, SPEC)
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
class Team {
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
    await team.#startAll()
    return team
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

  async strike(): Promise<void> {
    const { random } = this.#options
    const index = this.#pick()
    const blow = random()
    if (blow < 0.3) return this.#killOne(index)
    if (blow < 0.4) return this.#killAll()
    if (blow < 0.5) return this.#freezeOne(index)
    const pids = workerPids(this.#directoryOf(index))
    const pid = pids[Math.floor(random() * pids.length)]
    if (pid !== undefined) signal(pid, 'SIGKILL')
  }

  /** All records, once so many invocations have ended; gives up when none ends any more. */
  async ended(count: number): Promise<InvocationRecord[]> {
    for (let open = Number.POSITIVE_INFINITY; open > 0;)
      open = await eventually(
        async () => {
          const all = await this.#all()
          const left = Math.max(count, all.length) - all.filter(({ state }) => /succeeded|failed/.test(state)).length
          return (left < open || left === 0) && { left }
        },
        { timeoutMs: STUCK_MS, everyMs: 200, what: `the end of one more of ${open} invocations` },
      ).then(({ left }) => left)
    return Promise.all((await this.#all()).map(({ id }) => this.any.invocation(id)))
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
        lease: LEASE_SECONDS,
        heartbeat: 0.5,
        drain: 0,
        storage: { here: { type: 'directory', path: this.path(), settle: 0.05 } },
        backends: { local: { slots: 2 } },
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

  async #all(): Promise<{ id: string; state: string }[]> {
    const all = []
    for (let cursor = ''; ;) {
      const page = await this.any.invocations(`?limit=500${cursor}`)
      all.push(...page.invocations)
      if (page.cursor === undefined) return all
      cursor = `&cursor=${page.cursor}`
    }
  }
}

function inputOf({ id, input }: InvocationRecord, requests: ReadonlyMap<string, string>): string {
  return input.kind === 'object' ? input.event.key : (requests.get(id) ?? `unknown ${id}`)
}
