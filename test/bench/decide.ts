/** Decisions on one core, beside a short and a long queue: what it costs must not grow with what waits. */
import { decide as decideOn } from '../../dispatcher/router/decide.js'
import { History } from '../../dispatcher/router/history.js'
import { Ledger } from '../../dispatcher/router/load/ledger.js'
import type { BackendState, Situation, Work } from '../../dispatcher/router/situation.js'
import { Spending } from '../../dispatcher/router/spending.js'
import { readFunctionSpec } from '../../runtime/contract/read-function-spec.js'
import { figure, median, type Bench } from './figure.js'

const LONG = 100_000
const SHORT = 100
const SLOTS = 64
const ROUNDS = 15
const DECISIONS = 20_000

export const decide: Bench = {
  name: 'decide',
  about: `where an invocation goes, with ${LONG.toLocaleString('en-US')} waiting; beside ${SHORT}`,
  async run() {
    const [long, short] = [bookOf(LONG), bookOf(SHORT)]
    const rounds = Array.from({ length: ROUNDS }, () => ({ long: perSecond(long), short: perSecond(short) }))
    const value = median(rounds.map((round) => round.long))
    const yardstick = median(rounds.map((round) => round.short))
    return [
      figure({ name: 'decisions, long queue', value, unit: '/s' }, { atLeast: 100_000 }),
      figure({ name: 'decisions, long beside short queue', value, unit: '/s', yardstick }, { ratioAtLeast: 0.8 }),
    ]
  },
}

interface Book {
  ledger: Ledger
  work: Work
  situation(now: number): Situation
}

/** Each decision is entered in the books, as it is before the next one is made. */
function perSecond({ ledger, work, situation }: Book): number {
  const started = process.cpuUsage()
  for (let count = 0; count < DECISIONS; count++) {
    const now = 1_000_000 + count
    const { terms } = decideOn(work, situation(now))
    const id = `n${count}`
    ledger.queued(id, { cpu: 1, seconds: terms!.expectedRun!.seconds, at: now, raw: terms!.expectedWait!.raw })
    ledger.left(id, 'cancelled', now)
  }
  const { user, system } = process.cpuUsage(started)
  return (DECISIONS * 1e6) / (user + system)
}

function bookOf(waiting: number): Book {
  const spec = readFunctionSpec(
    { image: 'i', routing: { budget: { perHour: 1000 } } },
    { path: 'f', storages: [], backends: ['kubernetes', 'lambda'] },
  ).value!
  const work: Work = { function: 'f', spec, inputBytes: 5e6 }
  const history = new History()
  for (let run = 0; run < 100; run++)
    history.learn({ function: 'f', backend: 'kubernetes', inputBytes: 5e6, seconds: 10 + (run % 17) })
  const ledger = new Ledger([{ name: 'kubernetes', unit: 'vcpu', capacity: SLOTS }])
  const run = history.expected({ function: 'f', backend: 'kubernetes', inputBytes: 5e6, timeout: 300 })
  for (let slot = 0; slot < SLOTS; slot++)
    ledger.started(`s${slot}`, { backend: 'kubernetes', cpu: 1, run, at: 990_000 + slot })
  for (let place = 0; place < waiting; place++) ledger.queued(`w${place}`, { cpu: 1, seconds: 18, at: 995_000 })
  const lambda: BackendState = { limits: { name: 'lambda', public: true, timeoutMax: 900, memoryMax: 10_240 } }
  const spending = new Spending()
  const situation = (now: number): Situation => ({
    now,
    backends: [{ limits: { name: 'kubernetes', public: false }, load: ledger.load('kubernetes', now)! }, lambda],
    runTimes: history,
    corrections: ledger.corrections,
    spending,
  })
  return { ledger, work, situation }
}
