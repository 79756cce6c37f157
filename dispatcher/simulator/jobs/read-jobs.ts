/** A job list as people and `spillway history export` write it -> jobs, or everything that is wrong with it. Pure. */
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { FunctionSpec } from '../../../runtime/contract/function-spec.js'
import { HISTORY_COLUMNS } from '../../../runtime/contract/history-row.js'
import type { Job } from '../job.js'
import { meaningOf, type Column, type ColumnMeaning } from './columns.js'
import { SpecMaker } from './spec-maker.js'
import { readTable, TableFault, type Row, type Table } from './table.js'

/** Problems that are listed; somebody who sees ten knows enough. */
const PROBLEMS_MAX = 10

export interface JobList {
  /** In order of arrival; the first arrives at 0. */
  jobs: Job[]
  /** Rows without a run time: work that was cancelled before it ran. */
  leftOut: number
  /** Names of columns that mean nothing here. */
  notUsed: string[]
  /** It says what a job takes of a node. */
  hasUnits: boolean
}

export interface Naming {
  /** What the list is called in messages. */
  name: string
  /** Seconds, for jobs that have none. */
  timeout: number
}

export function readJobs(text: string, naming: Naming): JobList {
  try {
    return new Reading(readTable(text), naming).list()
  } catch (thrown) {
    if (thrown instanceof TableFault) throw refusal(naming.name, [thrown.message])
    throw thrown
  }
}

type Raw = Omit<Job, 'id'>

interface Known extends ColumnMeaning {
  name: string
  index: number
}

class Reading {
  readonly #table: Table
  readonly #naming: Naming
  readonly #columns = new Map<Column, Known>()
  readonly #notUsed: string[] = []
  readonly #problems: string[] = []
  readonly #specs = new SpecMaker()
  #leftOut = 0

  constructor(table: Table, naming: Naming) {
    this.#table = table
    this.#naming = naming
  }

  list(): JobList {
    this.#readHeader()
    this.#stopIfWrong()
    const raws: Raw[] = []
    for (const row of this.#table.rows) {
      const raw = this.#readRow(row)
      if (raw) raws.push(raw)
      if (this.#problems.length > PROBLEMS_MAX) break
    }
    if (raws.length === 0 && this.#problems.length === 0) this.#problems.push('it has no jobs')
    this.#stopIfWrong()
    return {
      jobs: inOrder(raws),
      leftOut: this.#leftOut,
      notUsed: this.#notUsed,
      hasUnits: this.#columns.has('units'),
    }
  }

  #stopIfWrong(): void {
    if (this.#problems.length > 0) throw refusal(this.#naming.name, this.#problems)
  }

  #readHeader(): void {
    for (const [index, name] of this.#table.names.entries()) {
      const meaning = meaningOf(name)
      const other = meaning && this.#columns.get(meaning.column)
      if (!meaning) this.#passOver(name)
      else if (other)
        this.#problems.push(`line 1: columns ${other.name} and ${name} mean the same; leave one of them out`)
      else this.#columns.set(meaning.column, { ...meaning, name, index })
    }
    if (!this.#columns.has('arrival'))
      this.#problems.push('line 1: there is no column for the arrival; name one arrival, arrival_h or accepted')
    if (!this.#columns.has('runtime') && !(this.#columns.has('started') && this.#columns.has('ended')))
      this.#problems.push(
        'line 1: there is no column for the run time; name one runtime or runtime_h, or two started and ended',
      )
  }

  /** What the history says beside what is needed here goes without saying. */
  #passOver(name: string): void {
    if (!(HISTORY_COLUMNS as readonly string[]).includes(name)) this.#notUsed.push(name)
  }

  #readRow(row: Row): Raw | undefined {
    const { cells, place } = row
    if (cells.length !== this.#table.names.length) {
      this.#problems.push(
        `${place}: must have ${this.#table.names.length} cells as the first line has, got ${cells.length}`,
      )
      return undefined
    }
    const before = this.#problems.length
    const arrival = this.#number(row, 'arrival')
    const seconds = this.#runTime(row)
    const spec = this.#specOf(row)
    if (this.#problems.length > before) return undefined
    if (seconds === undefined) {
      this.#leftOut++
      return undefined
    }
    return {
      arrival: arrival!,
      seconds,
      function: String(this.#cell(row, 'function') ?? 'job'),
      spec: spec!,
      inputBytes: this.#number(row, 'inputBytes', 0)!,
    }
  }

  /** Undefined with no problem: it never ran. */
  #runTime(row: Row): number | undefined {
    if (this.#columns.has('runtime')) return this.#number(row, 'runtime')
    if (this.#isEmpty(row, 'started')) return undefined
    const [started, ended] = [this.#number(row, 'started'), this.#number(row, 'ended')]
    if (started === undefined || ended === undefined) return undefined
    if (ended >= started) return ended - started
    this.#complain(row, 'ended', 'must not be before it started')
    return undefined
  }

  #specOf(row: Row): FunctionSpec | undefined {
    const cpu = this.#number(row, 'units', 1)
    const memorySize = this.#number(row, 'memorySize', 1024)
    const timeout = this.#number(row, 'timeout', this.#naming.timeout)
    const inputBytes = this.#number(row, 'inputBytes', 0)
    if (cpu === undefined || memorySize === undefined || timeout === undefined || inputBytes === undefined)
      return undefined
    const made = this.#specs.make({ cpu, memorySize, timeout, inputBytes })
    if ('spec' in made) return made.spec
    this.#problems.push(`${row.place}: ${made.problem}`)
    return undefined
  }

  #number(row: Row, column: Column, otherwise?: number): number | undefined {
    if (otherwise !== undefined && this.#isEmpty(row, column)) return otherwise
    return this.#cell(row, column) as number | undefined
  }

  #isEmpty(row: Row, column: Column): boolean {
    const known = this.#columns.get(column)
    return known === undefined || row.cells[known.index]!.trim() === ''
  }

  #cell(row: Row, column: Column): number | string | undefined {
    const known = this.#columns.get(column)
    if (!known) return undefined
    const value = known.read(row.cells[known.index]!.trim())
    if (value === undefined) this.#complain(row, column, known.expected)
    return value
  }

  #complain(row: Row, column: Column, expected: string): void {
    const { name, index } = this.#columns.get(column)!
    const problem = `${row.place}, column ${index + 1} (${name}): ${expected}, got ${JSON.stringify(row.cells[index])}`
    if (!this.#problems.includes(problem)) this.#problems.push(problem)
  }
}

function inOrder(raws: Raw[]): Job[] {
  const sorted = raws.every(({ arrival }, index) => index === 0 || raws[index - 1]!.arrival <= arrival)
    ? raws
    : raws.toSorted((one, other) => one.arrival - other.arrival)
  const first = sorted[0]!.arrival
  return sorted.map((raw, id) => ({ id, ...raw, arrival: raw.arrival - first }))
}

function refusal(name: string, problems: readonly string[]): SpillwayError {
  const shown = problems.slice(0, PROBLEMS_MAX).map((problem) => `\n  - ${problem}`)
  const more = problems.length > PROBLEMS_MAX ? '\n  - and more of the kind' : ''
  return new SpillwayError('invalid-job-list', `${name} cannot be read:${shown.join('')}${more}`, { problems })
}
