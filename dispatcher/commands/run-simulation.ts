/** What `spillway simulate` does: reads, plays, draws, prints. */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { parseSeconds } from '../../runtime/contract/units.js'
import { LAMBDA_BACKEND_LIMITS } from '../backends/lambda/limits.js'
import type { Capacity } from '../simulator/cluster.js'
import { readJobs, type JobList } from '../simulator/jobs/read-jobs.js'
import { play, type Plays } from '../simulator/play.js'
import { pageOf, pictureOf } from '../simulator/plot/picture.js'
import { readSweep } from '../simulator/policies.js'
import type { Knowledge, PublicSide, Scenario } from '../simulator/scenario.js'
import { tableOf } from '../simulator/table.js'
import type { CommandCall } from './command.js'

const KNOWLEDGE: readonly string[] = ['learned', 'perfect', 'declared'] satisfies Knowledge[]

export function runSimulation(call: CommandCall): void {
  const plotted = plotFile(call)
  const scenario = scenarioOf(call)
  const swept = text(call, 'sweep')
  const sweep = swept === undefined ? undefined : readSweep(swept)
  const plays = play({
    jobs: jobsOf(call).jobs,
    scenario,
    policies: (call.values.policy as string[] | undefined) ?? ['{}'],
    knowledge: knowledgeOf(call),
    ...(sweep ? { sweep } : {}),
  })
  const { neverRan } = plays.played[0]!.summary
  if (neverRan > 0) call.say(`Fits nowhere, and is left out of the figures: ${neverRan} of the jobs`)
  const table = tableOf(plays.played, sweep?.key)
  if (plotted) draw(call, plotted, { plays, table, scenario, ...(sweep ? { sweptKey: sweep.key } : {}) })
  for (const line of call.values.json ? plays.played.map((one) => JSON.stringify(one)) : table) call.print(line)
}

const text = ({ values }: CommandCall, name: string) => values[name] as string | undefined

const refused = (message: string) => new SpillwayError('invalid-configuration', message)

function jobsOf(call: CommandCall): JobList {
  const file = text(call, 'jobs')
  if (file === undefined) throw refused('--jobs is missing; name a job list.')
  const list = readJobs(contentOf(file), { name: file, timeout: timeOf(call, 'timeout', '1d') })
  if (list.notUsed.length > 0) call.say(`Not used of ${file}: ${list.notUsed.join(', ')}`)
  if (list.leftOut > 0) call.say(`Left out of ${file}: ${list.leftOut} that never ran`)
  return list
}

function contentOf(file: string): string {
  try {
    const bytes = readFileSync(file)
    return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  } catch (thrown) {
    throw refused(`--jobs ${file} cannot be read: ${(thrown as Error).message}`)
  }
}

function scenarioOf(call: CommandCall): Pick<Scenario, 'private' | 'public'> {
  const capacity = capacityOf(call)
  const cpuMax = capacity.unit === 'vcpu' ? { cpuMax: capacity.units } : {}
  return { private: { limits: { name: 'kubernetes', public: false, ...cpuMax }, capacity }, public: [publicSide(call)] }
}

function capacityOf(call: CommandCall): Capacity {
  const written = text(call, 'capacity')
  const [, first, second] = /^([1-9][0-9]{0,5})(?:x([1-9][0-9]{0,5}))?$/.exec(written ?? '') ?? []
  const overtaking = call.values['in-order'] !== true
  if (first === undefined)
    throw refused(
      `--capacity must be a number of attempts (4) or nodes x vCPU (6x8), got ${JSON.stringify(written ?? 'nothing')}.`,
    )
  return second === undefined
    ? { nodes: 1, units: Number(first), unit: 'attempt', overtaking }
    : { nodes: Number(first), units: Number(second), unit: 'vcpu', overtaking }
}

function publicSide(call: CommandCall): PublicSide {
  const { timeoutMax, ...limits } = LAMBDA_BACKEND_LIMITS
  const isEndless = text(call, 'public-timeout') === 'none'
  const most = isEndless ? undefined : timeOf(call, 'public-timeout', String(timeoutMax))
  const usd = text(call, 'price')
  const perHour = Number(usd)
  if (usd !== undefined && !(perHour >= 0 && usd.trim() !== ''))
    throw refused(`--price must be USD, got ${JSON.stringify(usd)}.`)
  return {
    limits: { ...limits, ...(most === undefined ? {} : { timeoutMax: most }) },
    ...(usd === undefined ? {} : { price: { perCpuSecond: perHour / 3600 } }),
    startSeconds: timeOf(call, 'public-start', '0'),
  }
}

function timeOf(call: CommandCall, name: string, otherwise: string): number {
  const written = text(call, name) ?? otherwise
  const seconds = parseSeconds(written)
  if (seconds === undefined)
    throw refused(`--${name} must be seconds or a duration (90s, 20m, 1d), got ${JSON.stringify(written)}.`)
  return seconds
}

function knowledgeOf({ values }: CommandCall): Knowledge[] {
  const chosen = (values.knowledge as string[] | undefined) ?? ['learned']
  const unknown = chosen.find((word) => !KNOWLEDGE.includes(word))
  if (unknown === undefined) return chosen as Knowledge[]
  throw refused(`--knowledge must be one of ${KNOWLEDGE.join(', ')}, got ${JSON.stringify(unknown)}.`)
}

function plotFile(call: CommandCall): string | undefined {
  const file = text(call, 'plot')
  if (file === undefined || /\.(svg|html)$/.test(file)) return file
  throw refused(`--plot must end in .svg or .html, got ${JSON.stringify(file)}.`)
}

interface Drawn {
  plays: Plays
  table: readonly string[]
  scenario: Pick<Scenario, 'private'>
  sweptKey?: string
}

function draw(call: CommandCall, file: string, { plays, table, scenario, sweptKey }: Drawn): void {
  const { nodes, units } = scenario.private.capacity
  const picture = pictureOf({ plays, capacity: nodes * units, ...(sweptKey === undefined ? {} : { sweptKey }) })
  const title = `${basename(text(call, 'jobs')!)} on ${text(call, 'capacity')}`
  writeFileSync(file, file.endsWith('.svg') ? picture : pageOf(title, picture, table))
  call.say(`Drawn: ${file}`)
}
