/** The spec of a function, as far as a job list tells; jobs of one kind share theirs. */
import type { FunctionSpec } from '../../../runtime/contract/function-spec.js'
import { formatProblem } from '../../../runtime/contract/problem.js'
import { readFunctionSpec } from '../../../runtime/contract/read-function-spec.js'

const MEBIBYTE = 1024 ** 2
/** MB of scratch space that every function has. */
const SCRATCH_MIN = 512

export interface Kind {
  cpu: number
  /** MB */
  memorySize: number
  /** seconds */
  timeout: number
  /** Its scratch space is at least twice of that, a power of two. */
  inputBytes: number
}

export class SpecMaker {
  readonly #made = new Map<string, { spec: FunctionSpec } | { problem: string }>()

  make({ cpu, memorySize, timeout, inputBytes }: Kind): { spec: FunctionSpec } | { problem: string } {
    const scratch = scratchFor(inputBytes)
    const key = `${cpu} ${memorySize} ${timeout} ${scratch}`
    let made = this.#made.get(key)
    if (!made) this.#made.set(key, (made = read({ cpu, memorySize, timeout, ephemeralStorageSize: scratch })))
    return made
  }
}

function read(raw: object): { spec: FunctionSpec } | { problem: string } {
  const context = { path: 'job', storages: [], backends: ['local'] as const }
  const { value, problems } = readFunctionSpec({ command: ['true'], ...raw }, context)
  return value ? { spec: value } : { problem: formatProblem(problems[0]!).replace(/^job\./, '') }
}

const scratchFor = (inputBytes: number) =>
  Math.max(SCRATCH_MIN, 2 ** Math.ceil(Math.log2(Math.max(1, (2 * inputBytes) / MEBIBYTE))))
