/** Each key of `routing`, by examples: what it decides, and what it says. */
import assert from 'node:assert/strict'
import { CLOSED, type Breaker } from '../../../dispatcher/router/breaker.js'
import { History } from '../../../dispatcher/router/history.js'
import { Ledger } from '../../../dispatcher/router/load/ledger.js'
import type { Work } from '../../../dispatcher/router/situation.js'
import { Spending } from '../../../dispatcher/router/spending.js'
import { crossroads, NOW, workWith, type Standing } from '../../support/crossroads.js'
import { decide } from '../../support/decide.js'

const decided = (routing: object, standing: Standing, rest: Partial<Work> & { cpu?: number } = {}) => {
  const { cpu = 1, ...work } = rest
  const { eligible, spillAt, terms, reasons } = decide(workWith({ routing, cpu }, work), crossroads(standing))
  const texts = reasons.map(({ text }) => text).join('\n')
  return { eligible, after: spillAt === null ? null : (spillAt - NOW) / 1000, rule: terms!.rule, texts }
}

/** Two slots, both taken for 100 s, and ten pieces before it: hundreds of seconds to wait. */
const FULL: Standing = { running: 2, waiting: 10 }
const HOME_FIRST = ['kubernetes', 'lambda']
const AWAY_FIRST = ['lambda', 'kubernetes']

describe('prefer: private', () => {
  it('takes a free slot at home, and gives a worker a moment to pull', () => {
    const { eligible, after, rule } = decided({ waitingBudget: 0 }, {})
    assert.deepEqual([eligible, after, rule], [HOME_FIRST, 1, 'waiting-budget'])
  })

  it('waits while the wait is within factor x run time x vCPU, for one and a half of that at most', () => {
    const one = { running: 2 }
    assert.deepEqual([decided({}, one).rule, decided({}, one).after], ['expected-wait', 0])
    const { rule, after } = decided({}, one, { cpu: 2 })
    assert.deepEqual([rule, after], ['waiting-budget', 1.5 * 0.9 * 100 * 2])
  })

  it('goes by the vCPU that the function has at home', () => {
    const work = workWith({ cpu: 1, kubernetes: { cpu: 2 } })
    const vcpu = (capacity: number) => {
      const ledger = new Ledger([{ name: 'kubernetes', unit: 'vcpu', capacity }])
      const situation = crossroads({ home: { load: ledger.load('kubernetes', NOW)! } })
      return decide(work, situation).terms!
    }
    const { waitingBudgetFrom, expectedWait } = vcpu(5)
    assert.deepEqual([waitingBudgetFrom?.cpu, expectedWait?.capacity, expectedWait?.free], [2, 2, 2])
    assert.equal(vcpu(1).expectedWait?.seconds, null)
  })

  it('sends over at once what is expected to wait for longer', () => {
    const { eligible, after, rule, texts } = decided({ waitingBudget: 60 }, FULL)
    assert.deepEqual([eligible, after, rule], [AWAY_FIRST, 0, 'expected-wait'])
    assert.match(texts, /waiting budget 1 min \(a fixed time\) is less than that: it goes over at once/)
  })

  it('without a forecast waits for its budget, then goes', () => {
    const { eligible, after, rule } = decided({ waitingBudget: { min: 60, max: 60, forecast: false } }, FULL)
    assert.deepEqual([eligible, after, rule], [HOME_FIRST, 60, 'waiting-budget'])
  })

  it('counts from acceptance what it may still wait', () => {
    const fixed = { waitingBudget: { min: 60, max: 60, forecast: false } }
    assert.equal(decided(fixed, FULL, { acceptedAt: NOW - 45_000 }).after, 15)
    assert.equal(decided(fixed, FULL, { acceptedAt: NOW - 75_000 }).after, 0)
  })

  it('counts the seconds that a worker takes to come up as waiting, even where a slot is free', () => {
    const budget = { waitingBudget: 60 }
    assert.equal(decided(budget, { home: { bootSeconds: 50 } }).rule, 'waiting-budget')
    const { rule, after, texts } = decided(budget, { home: { bootSeconds: 90 } })
    assert.deepEqual([rule, after], ['expected-wait', 0])
    assert.match(texts, /expected to wait 1 min 30 s for a private slot/)
  })
})

describe('prefer: fastest', () => {
  const fastest = { prefer: 'fastest' }

  it('stays where a slot is free, and goes over where it would wait', () => {
    assert.deepEqual(decided(fastest, {}).eligible, HOME_FIRST)
    const { eligible, after, rule, texts } = decided(fastest, FULL)
    assert.deepEqual([eligible, after, rule], [AWAY_FIRST, 0, 'fastest'])
    assert.match(texts, /public is faster: it goes over at once/)
  })

  it('waits for less than what going over would take until it starts', () => {
    const { eligible, after } = decided(fastest, { running: 2, seconds: 10, away: { startSeconds: 60 } })
    assert.deepEqual([eligible, after], [HOME_FIRST, 60])
  })
})

describe('prefer: cheapest', () => {
  it('waits at home for as long as it takes, unless home is dearer', () => {
    assert.deepEqual(decided({ prefer: 'cheapest' }, FULL).after, null)
    const dear = { ...FULL, home: { price: { perCpuSecond: 1 } } }
    assert.deepEqual(decided({ prefer: 'cheapest' }, dear).eligible, AWAY_FIRST)
  })
})

describe('deadline', () => {
  const patient = { min: 3600, max: 3600, forecast: false }

  it('ends the waiting in time to be met over there', () => {
    const { after, rule, texts } = decided({ waitingBudget: patient, deadline: 1000 }, FULL)
    assert.deepEqual([after, rule], [900, 'deadline'])
    assert.match(texts, /deadline 16 min 40 s: to meet it in any case, it waits at home for 15 min at most/)
  })

  it('sends over at once what would miss it at home', () => {
    const { eligible, after, rule, texts } = decided({ waitingBudget: patient, deadline: 300 }, FULL)
    assert.deepEqual([eligible, after, rule], [AWAY_FIRST, 0, 'deadline'])
    assert.match(texts, /deadline 5 min can only be met by going over at once/)
  })

  it('that cannot be met anywhere is missed by as little as can be', () => {
    const { eligible, after, texts } = decided({ waitingBudget: patient, deadline: 50 }, FULL)
    assert.deepEqual([eligible, after], [AWAY_FIRST, 0])
    assert.match(texts, /deadline 50 s cannot be met; it is sooner by going over at once/)
  })

  it('changes nothing while there is time', () => {
    const { after, rule } = decided({ waitingBudget: patient, deadline: 10_000 }, FULL)
    assert.deepEqual([after, rule], [3600, 'waiting-budget'])
  })
})

describe('maxInputSize and neverIfOver', () => {
  it('keep large inputs home, and say so with both numbers', () => {
    const { eligible, after, texts } = decided({ maxInputSize: 100 }, FULL, { inputBytes: 200e6 })
    assert.deepEqual([eligible, after], [['kubernetes'], null])
    assert.match(texts, /lambda: input of 200 MB is over routing.maxInputSize 100 MB/)
    assert.deepEqual(decided({ maxInputSize: 100 }, FULL, { inputBytes: 100e6 }).eligible, AWAY_FIRST)
  })

  it('keep long work home, and say so with both numbers', () => {
    const { eligible, after, texts } = decided({ neverIfOver: 99 }, FULL)
    assert.deepEqual([eligible, after], [['kubernetes'], null])
    assert.match(texts, /lambda: expected run time 1 min 40 s is over routing.neverIfOver 1 min 39 s/)
    assert.deepEqual(decided({ neverIfOver: 100 }, FULL).eligible, AWAY_FIRST)
  })
})

describe('budget', () => {
  const spent = (usd: number, at: number) => {
    const spending = new Spending()
    spending.add(usd, at)
    return spending
  }
  const within = (budget: object, spending: Spending) =>
    decide(workWith({ routing: { budget } }), { ...crossroads(FULL), spending })

  it('that is used up for this hour keeps work home until there is room in it again', () => {
    const { spillAt, terms, reasons } = within({ perHour: 1 }, spent(1, NOW - 20 * 60_000))
    assert.equal(terms?.rule, 'budget')
    assert.equal(spillAt, NOW + 41 * 60_000, 'the minute in which it was spent has to be over')
    assert.deepEqual(terms.budgetLeft, { perHour: 0 })
    assert.ok(reasons.some(({ text }) => /do not fit the budget, 1 USD of 1 USD per hour are spent/.test(text)))
  })

  it('that is used up for this month keeps work home until the next', () => {
    const { spillAt, terms } = within({ perMonth: 5 }, spent(5, NOW - 7_200_000))
    assert.equal(terms?.rule, 'budget')
    assert.equal(spillAt, Date.UTC(2026, 11, 1))
    assert.deepEqual(terms.budgetLeft, { perMonth: 0 })
  })

  it('that no run fits keeps work home for good', () => {
    const { eligible, spillAt, terms } = within({ perHour: 1e-9 }, new Spending())
    assert.deepEqual([eligible, spillAt, terms?.rule], [HOME_FIRST, null, 'budget'])
  })

  it('with room left lets it go, and says what is left', () => {
    const { spillAt, terms } = within({ perHour: 1, perMonth: 5 }, spent(0.25, NOW - 60_000))
    assert.deepEqual([spillAt, terms?.budgetLeft], [NOW, { perHour: 0.75, perMonth: 4.75 }])
  })
})

describe('expectedTime', () => {
  it('stands in for the timeout until runs have ended', () => {
    const history = new History()
    const budget = () => {
      const work = workWith({ timeout: 600, routing: { expectedTime: 20, waitingBudget: { factor: 2 } } })
      return decide(work, { ...crossroads(FULL), runTimes: history }).terms!.waitingBudget
    }
    assert.equal(budget(), 40)
    for (let run = 0; run < 5; run++)
      history.learn({ function: 'f', backend: 'kubernetes', inputBytes: 1000, seconds: 30 })
    assert.equal(budget(), 60)
  })
})

describe('what keeps work home or sends it over, whatever the policy', () => {
  const ill: Breaker = { ...CLOSED, state: 'open', faults: 5, retryAt: NOW + 30_000, why: 'throttled' }

  it('a public back-end that is ill gets no work until it is tried again', () => {
    const { after, rule, texts } = decided({}, { ...FULL, away: { breaker: ill } })
    assert.deepEqual([after, rule], [30, 'breaker'])
    assert.match(
      texts,
      /lambda: ill after 5 faults in a row, the last one throttled; tried again at 2026-11-28T12:00:30/,
    )
  })

  it('a public back-end that takes no more is waited for on both sides, and nobody is told that it goes at once', () => {
    const { eligible, after, rule, texts } = decided({}, { ...FULL, away: { room: 0 } })
    assert.deepEqual([eligible, after, rule], [HOME_FIRST, 0, 'no-room'])
    assert.match(
      texts,
      /lambda: takes no more for now; it goes over when there is room, unless a private slot is free before/,
    )
    assert.equal(decided({}, { ...FULL, away: { room: 1 } }).rule, 'expected-wait')
    assert.equal(decided({}, { away: { room: 0 } }).rule, 'waiting-budget', 'there is a free slot at home')
  })

  it('a private back-end that is ill is waited for, if that is worth it', () => {
    const budget = { waitingBudget: 60 }
    const soon = decided(budget, { home: { breaker: ill } })
    assert.deepEqual([soon.rule, soon.after], ['waiting-budget', 60])
    const late = decided(budget, { home: { breaker: { ...ill, retryAt: NOW + 61_000 } } })
    assert.deepEqual([late.rule, late.after], ['expected-wait', 0])
  })

  it('work that has gone over once does not come back to wait', () => {
    const { eligible, after, rule, texts } = decided({}, {}, { moved: true })
    assert.deepEqual([eligible, after, rule], [AWAY_FIRST, 0, 'moved'])
    assert.match(texts, /it has gone over once, and work moves once/)
  })

  it('work that only a public back-end can run goes there at once', () => {
    const { eligible, after, rule } = decided(
      {},
      { home: { limits: { name: 'kubernetes', public: false, cpuMax: 0.5 } } },
    )
    assert.deepEqual([eligible, after, rule], [['lambda'], 0, 'only-public'])
  })
})
