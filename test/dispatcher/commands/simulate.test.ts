/** `spillway simulate`: what it prints, draws and refuses. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { COMMANDS } from '../../../dispatcher/commands/commands.js'
import { readCommand } from '../../../dispatcher/commands/read-command.js'
import { runSimulation } from '../../../dispatcher/commands/run-simulation.js'
import type { Played } from '../../../dispatcher/simulator/play.js'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

/** Four at once on two slots, ten seconds each. */
const BURST = 'arrival,runtime,memory_mb,timeout\n0,10,1024,60\n0,10,1024,60\n0,10,1024,60\n0,10,1024,60\n'

describe('spillway simulate', () => {
  const directory = temporaryDirectory()

  function simulate(...words: string[]): { printed: string[]; said: string[] } {
    const reading = readCommand(COMMANDS, ['simulate', ...words])
    if (!('command' in reading)) return assert.fail(JSON.stringify(reading))
    const printed: string[] = []
    const said: string[] = []
    const { signal } = new AbortController()
    const print = (line: string) => void printed.push(line)
    const say = (line: string) => void said.push(line)
    const { values, words: rest } = reading
    runSimulation({ values, words: rest, environment: {}, print, say, signal })
    return { printed, said }
  }

  function jobs(content: string | Buffer = BURST, name = 'jobs.csv'): string {
    const file = join(directory(), name)
    writeFileSync(file, content)
    return file
  }

  const played = ({ printed }: { printed: string[] }) => printed.map((line) => JSON.parse(line) as Played)
  function refusal(...words: string[]): string {
    try {
      simulate(...words)
    } catch (thrown) {
      assert.ok(thrown instanceof SpillwayError, String(thrown))
      return thrown.message
    }
    return assert.fail('it was not refused')
  }

  it('prints a line for each policy, and knows what it costs to wait and to go over', () => {
    const policies = ['--policy', 'waitingBudget: 1h', '--policy', 'waitingBudget: 0']
    const { printed } = simulate('--jobs', jobs(), '--capacity', '2', ...policies, '--price', '3.6', '--json')
    const [waits, goes] = played({ printed })
    assert.deepEqual([waits!.summary.spilled, waits!.summary.cost, waits!.summary.meanSeconds], [0, 0, 15])
    assert.deepEqual([goes!.summary.spilled, goes!.summary.meanSeconds, goes!.policy], [0.5, 10, 'waitingBudget: 0'])
    assert.ok(Math.abs(goes!.summary.cost - 2 * 10 * 0.001) < 1e-9, String(goes!.summary.cost))
  })

  it('takes the list price of Lambda where none is given', () => {
    const policy = ['--policy', '{waitingBudget: 0}']
    const [one] = played(simulate('--jobs', jobs(), '--capacity', '2', ...policy, '--json'))
    assert.ok(Math.abs(one!.summary.cost - 2 * (10 * 1.66667e-5 + 2e-7)) < 1e-12)
  })

  it('keeps from Lambda what takes longer than Lambda lets anything run, unless it is told otherwise', () => {
    const long = jobs('arrival,runtime\n0,20m\n0,20m\n')
    const words = [
      '--jobs',
      long,
      '--capacity',
      '1',
      '--knowledge',
      'perfect',
      '--policy',
      'waitingBudget: 0',
      '--json',
    ]
    assert.equal(played(simulate(...words))[0]!.summary.spilled, 0)
    assert.equal(played(simulate(...words, '--public-timeout', 'none'))[0]!.summary.spilled, 0.5)
  })

  it('sweeps a key, in a table and in a picture', () => {
    const plot = join(directory(), 'out.svg')
    const sweep = ['--sweep', 'waitingBudget.factor=0,1,10', '--plot', plot]
    const { printed, said } = simulate('--jobs', jobs(gzipSync(BURST), 'jobs.csv.gz'), '--capacity', '1x2', ...sweep)
    assert.equal(printed.length, 5)
    assert.match(printed[0]!, /^policy +knowing +USD +mean time/)
    assert.match(printed[2]!, /^ {2}waitingBudget\.factor 0 +learned/)
    assert.deepEqual(said, [`Drawn: ${plot}`])
    const svg = readFileSync(plot, 'utf8')
    assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"[^]*<\/svg>\n$/)
    assert.equal(svg.match(/<circle/g)!.length, 4)
    assert.ok(!svg.includes('NaN') && !svg.includes('Infinity'))
  })

  it('draws a page, in which nothing that was written is taken for a tag', () => {
    const plot = join(directory(), 'out.html')
    simulate('--jobs', jobs(BURST, '<b>&.csv'), '--capacity', '2', '--plot', plot)
    const page = readFileSync(plot, 'utf8')
    assert.match(page, /^<!doctype html>[^]*<h1>&lt;b&gt;&amp;\.csv on 2<\/h1>[^]*<svg /)
  })

  it('says what it did not use', () => {
    const { said } = simulate('--jobs', jobs('arrival,runtime,colour\n0,1,red\n'), '--capacity', '1')
    assert.match(said[0]!, /^Not used of .*jobs\.csv: colour$/)
  })

  it('says how many jobs fit nowhere', () => {
    const file = jobs('arrival,runtime,cpu,timeout\n0,1h,1,2h\n0,1h,16,2h\n')
    const { said, printed } = simulate('--jobs', file, '--capacity', '1x8', '--json')
    assert.deepEqual(said, ['Fits nowhere, and is left out of the figures: 1 of the jobs'])
    assert.equal(played({ printed })[0]!.summary.meanSeconds, 3600)
  })

  it('refuses what it cannot read, in words', () => {
    const file = jobs()
    const good = ['--jobs', file, '--capacity', '2']
    assert.match(refusal('--capacity', '2'), /--jobs is missing/)
    assert.match(refusal('--jobs', `${file}x`, '--capacity', '2'), /jobs\.csvx cannot be read: ENOENT/)
    assert.match(refusal('--jobs', file), /--capacity must be .* got "nothing"/)
    assert.match(refusal('--jobs', file, '--capacity', '6x'), /got "6x"/)
    assert.match(refusal(...good, '--policy', 'waitingBudget: soon'), /routing\.waitingBudget/)
    assert.match(refusal(...good, '--policy', '{'), /is not YAML/)
    assert.match(refusal(...good, '--policy', 'waitingBuget: 1h'), /Did you mean waitingBudget\?/)
    assert.match(refusal(...good, '--sweep', 'factor'), /--sweep must be a key/)
    assert.match(refusal(...good, '--sweep', 'waitingBudget.factr=1'), /Did you mean factor\?/)
    assert.match(refusal(...good, '--knowledge', 'some'), /must be one of learned, perfect, declared, got "some"/)
    assert.match(refusal(...good, '--price', 'x'), /--price must be USD/)
    assert.match(refusal(...good, '--public-timeout', '1y'), /--public-timeout must be seconds/)
    assert.match(refusal(...good, '--plot', 'a.png'), /--plot must end in \.svg or \.html/)
  })
})
