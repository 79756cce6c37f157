/** What the live view shows: on a terminal, and as lines. */
import assert from 'node:assert/strict'
import { stripVTControlCharacters } from 'node:util'
import { course, meter } from '../../../plugin/top/bars.js'
import { News, summary } from '../../../plugin/top/news.js'
import { picture } from '../../../plugin/top/picture.js'
import { Screen } from '../../../plugin/top/screen.js'
import type { View, WorkView } from '../../../plugin/top/view.js'
import { T0 } from './records.js'

const work = (more: Partial<WorkView>): WorkView => ({
  id: 'id-1',
  function: 'f',
  state: 'queued',
  name: 'a.rec',
  at: T0,
  place: 'queue',
  why: 'waits for a private slot, 4 s at most',
  ...more,
})

const over = { state: 'running', place: 'public', backend: 'lambda', waited: 4.04, why: 'over at once' } as const

const VIEW: View = {
  at: T0 + 12_000,
  since: T0,
  waiting: 3,
  backends: [
    { name: 'local', public: false, slots: 2, running: 2, healthy: true, succeeded: 5, failed: 1 },
    { name: 'lambda', public: true, slots: 1000, running: 30, healthy: true, succeeded: 7, failed: 0, cost: 0.00041 },
  ],
  work: [work({ id: 'id-2', ...over, at: T0 + 10_000 }), work({})],
  samples: [
    { waiting: 6, private: 2, public: 0 },
    { waiting: 3, private: 2, public: 30 },
  ],
}

const FRAME = { width: 140, height: 12, colour: false, title: 'plants at http://127.0.0.1:7700' }

describe('the live view', () => {
  it('shows what waits, what runs where, costs and decisions', () => {
    const lines = picture(VIEW, FRAME).map((line) => line.trimEnd())
    assert.match(lines[0]!, /^plants at http:\/\/127\.0\.0\.1:7700 +12 s$/)
    assert.match(lines[2]!, /^queue +███··· +3 wait +6 at most +█▄$/)
    assert.match(lines[3]!, /^private +local +██ +2 of 2 +5 done, 1 failed +██$/)
    assert.match(lines[4]!, /^public +lambda +█·+ +30 of 1000 +7 done, 0\.00041 USD +▁$/)
    assert.match(lines[7]!, /^▸ 2 s +a\.rec +lambda +4 s +2 s +over at once$/)
    assert.match(lines[8]!, /^· 12 s +a\.rec +queue +waits for a private slot, 4 s at most$/)
  })

  it('fits the terminal, however small, and says what ails a back-end or the dispatcher', () => {
    const ill = { ...VIEW.backends[0]!, healthy: false, messages: ['quota exceeded'] }
    const view = { ...VIEW, backends: [ill], trouble: 'No dispatcher answers' }
    for (const width of [1, 20, 60, 300])
      for (const height of [1, 3, 40]) {
        const lines = picture(view, { ...FRAME, width, height })
        assert.ok(lines.length <= height)
        assert.ok(lines.every((line) => line.length <= width))
      }
    const text = picture(view, FRAME).join('\n')
    assert.match(text, /^No dispatcher answers/)
    assert.match(text, /^ +quota exceeded$/m)
  })

  it('says that a breaker is open, and until when', () => {
    const breaker = { state: 'open', faults: 5, cause: 'backend-unavailable', retryAt: VIEW.at + 20_000 } as const
    const show = (more: object) => picture({ ...VIEW, backends: [{ ...VIEW.backends[1]!, ...more }] }, FRAME).join('\n')
    assert.match(
      show({ breaker }),
      /kept away: 5 faults in a row, the last one backend-unavailable; tried again in 20 s/,
    )
    assert.match(show({ breaker: { ...breaker, state: 'half-open' } }), /one attempt is trying/)
    assert.doesNotMatch(show({ breaker: { state: 'closed', faults: 0 } }), /faults/)
  })

  it('has colours where they are wanted, and lets no name steer the terminal', () => {
    const view = { ...VIEW, work: [work({ name: 'a\x1b[2J\n.rec' })] }
    const plain = picture(view, FRAME).join('')
    assert.ok(!plain.includes('\x1b') && plain.includes('a?[2J?.rec'))
    const coloured = picture(view, { ...FRAME, colour: true })
    assert.deepEqual(coloured.map((line) => stripVTControlCharacters(line)).join(''), plain)
    assert.notEqual(coloured.join(''), plain)
  })

  it('draws a course and a meter of any length', () => {
    assert.equal(course([0, 1, 4, 8], 10, 8), ' ▁▄█')
    assert.equal(course([8, 0, 0, 4], 2, 8), '█▄')
    assert.equal(course([], 5, 0), '')
    assert.deepEqual([meter(1, 3, 10), meter(500, 1000, 4), meter(0, 0, 4), meter(9, 2, 4)], ['█··', '██··', '', '██'])
  })

  it('gives the terminal back as it was', () => {
    let written = ''
    const screen = new Screen({ columns: 80, rows: 24, write: (text) => (written += text) })
    screen.draw(['one', 'two'])
    screen.close()
    assert.deepEqual(screen.size, { width: 80, height: 24 })
    const [on, off] = [written.indexOf('\x1b[?1049h'), written.indexOf('\x1b[?1049l')]
    assert.ok(on >= 0 && off > written.indexOf('two') && written.indexOf('\x1b[?25h') > on)
  })

  it('tells the same as lines: each thing once, oldest first, and now and then how it stands', () => {
    const news = new News()
    const first = news.lines(VIEW)
    assert.deepEqual(first, [
      '  10.0 s  a.rec starts on lambda (waited 4.04 s); over at once',
      '  12.0 s  3 wait, local 2 of 2, lambda 30 of 1000 (0.00041 USD)',
    ])
    assert.deepEqual(news.lines(VIEW), [])
    const ended = work({ id: 'id-2', ...over, state: 'succeeded', at: T0 + 12_500, took: 2.5, cost: 0.00002 })
    assert.deepEqual(news.lines({ ...VIEW, at: T0 + 13_000, waiting: 2, work: [ended] }), [
      '  12.5 s  a.rec succeeded on lambda (waited 4.04 s, took 2.5 s, 0.00002 USD); over at once',
    ])
    assert.equal(summary(VIEW), '12 done in 12 s: 5 on local, 7 on lambda for 0.00041 USD, 1 failed, 3 wait')
  })
})
