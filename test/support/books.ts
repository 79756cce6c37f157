/** A queue checker: what was offered, what was acknowledged, what came out. Pure; an empty list means that the books agree. */
import type { InvocationRecord } from '../../runtime/contract/dispatcher-api.js'

/** One result file: its name is `<input>.<attempt>.<part>`, so that no later attempt can hide an earlier commit. */
export interface Result {
  name: string
  /** What the script wrote: `<input> <invocation> <attempt>`. */
  content: string
  /** How many different files were ever seen under that name. */
  versions: number
}

export interface Books {
  /** Inputs that somebody tried to hand in. */
  attempted: ReadonlySet<string>
  /** Inputs that were taken: files that lie in the bucket, requests that were answered 2xx. */
  acknowledged: ReadonlySet<string>
  /** Inputs whose script always fails. */
  doomed: ReadonlySet<string>
  /** Every invocation on record, by the input that it is for. */
  invocations: readonly { input: string; record: InvocationRecord }[]
  results: readonly Result[]
}

/** Files that each success leaves. */
export const PARTS = ['a', 'b'] as const

const ENDED = new Set(['succeeded', 'failed'])

export function audit(books: Books): string[] {
  return [
    ...lost(books),
    ...unexpected(books),
    ...twice(books),
    ...books.invocations.flatMap((one) => untrue(one, books)),
  ]
}

function lost({ acknowledged, invocations }: Books): string[] {
  const ended = new Set(invocations.filter(({ record }) => ENDED.has(record.state)).map(({ input }) => input))
  return [...acknowledged].filter((input) => !ended.has(input)).map((input) => `lost: ${input} has not ended`)
}

function unexpected({ attempted, invocations, results }: Books): string[] {
  const unknown = (input: string) => !attempted.has(input)
  return [
    ...invocations.filter(({ input }) => unknown(input)).map(({ record }) => `unexpected: invocation ${record.id}`),
    ...results.filter(({ name }) => unknown(inputOf(name))).map(({ name }) => `unexpected: result ${name}`),
  ]
}

function twice({ invocations, results }: Books): string[] {
  const attempts = new Set(results.map(({ name }) => name.slice(0, name.lastIndexOf('.'))))
  return [
    ...repeated(invocations.map(({ input }) => input)).map((input) => `twice: ${input} has several invocations`),
    ...repeated([...attempts].map(inputOf)).map((input) => `twice: ${input} has results of several attempts`),
    ...results.filter(({ versions }) => versions !== 1).map(({ name }) => `twice: ${name} was written again`),
  ]
}

/** The record against the files. */
function untrue({ input, record }: Books['invocations'][number], { doomed, results }: Books): string[] {
  const successes = record.moves.filter(({ to }) => to === 'succeeded').length
  const there = results.filter(({ name }) => inputOf(name) === input)
  const problems: string[] = []
  if (record.state === 'succeeded') {
    const winner = record.tries.at(-1)!
    const expected = PARTS.map((part) => `${input}.${winner.number}.${part}`)
    const says = `${input} ${record.id} ${winner.number}`
    if (successes !== 1) problems.push(`succeeded ${successes} times`)
    if (doomed.has(input)) problems.push('succeeded, although its script fails')
    if (winner.cause !== undefined) problems.push(`succeeded, although its newest attempt failed: ${winner.cause}`)
    if (
      !same(
        record.outputs.map(({ key }) => key),
        expected,
      )
    )
      problems.push('has other results on record than it should')
    if (
      !same(
        there.map(({ name }) => name),
        expected,
      )
    )
      problems.push(`has the files ${there.map(({ name }) => name)}`)
    problems.push(...there.filter(({ content }) => content !== says).map(({ name }) => `has a wrong ${name}`))
  } else {
    if (successes !== 0) problems.push(`is ${record.state} after it succeeded`)
    if (there.length > 0) problems.push(`is ${record.state} and has results`)
    if (record.state === 'failed' && record.cause === undefined) problems.push('failed without a cause')
    if (record.state === 'failed' && !doomed.has(input))
      problems.push(`failed, although its script does not: ${record.cause}: ${record.message}`)
  }
  return problems.map((problem) => `untrue: ${input} ${problem}`)
}

/** `f-12.3.a` -> `f-12` */
const inputOf = (name: string) => name.slice(0, name.indexOf('.'))

const repeated = (names: string[]) => [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]

const same = (some: string[], others: readonly string[]) => [...some].sort().join() === [...others].sort().join()
