/** Which function feeds which: the graph that buckets draw, and the loops in it. */
import { outputKey } from './filters.js'
import type { FunctionSpec, InputRule, OutputRule } from './function-spec.js'
import { formatLocation } from './location.js'

/** Results of `from` that are written below `via` start `to`. */
export interface Edge {
  from: string
  to: string
  via: string
}

type Specs = Readonly<Record<string, Pick<FunctionSpec, 'input' | 'output'>>>

export function edges(specs: Specs): Edge[] {
  return Object.entries(specs).flatMap(([from, source]) =>
    Object.entries(specs).flatMap(([to, target]) =>
      source.output
        .filter((output) => target.input.some((input) => feeds(output, input)))
        .map((output) => ({ from, to, via: formatLocation(output) })),
    ),
  )
}

/** The first chain that comes back to itself, as names with the first one repeated at the end; undefined when there is none. */
export function findLoop(specs: Specs): string[] | undefined {
  const next = groupByFrom(edges(specs))
  const done = new Set<string>()
  for (const start of Object.keys(specs)) {
    const loop = walk(start, [], next, done)
    if (loop) return loop
  }
  return undefined
}

function groupByFrom(list: Edge[]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const { from, to } of list) groups.set(from, [...(groups.get(from) ?? []), to])
  return groups
}

function walk(name: string, path: string[], next: Map<string, string[]>, done: Set<string>): string[] | undefined {
  const seen = path.indexOf(name)
  if (seen >= 0) return [...path.slice(seen), name]
  if (done.has(name)) return undefined
  for (const target of next.get(name) ?? []) {
    const loop = walk(target, [...path, name], next, done)
    if (loop) return loop
  }
  done.add(name)
  return undefined
}

/** Whether some result of an output rule can start a function by an input rule. */
export function feeds(output: OutputRule, input: InputRule): boolean {
  const written = outputKey(output, '')
  return (
    output.storage === input.storage &&
    output.bucket === input.bucket &&
    (written.startsWith(input.prefix) || input.prefix.startsWith(written)) &&
    !suffixesExclude(output.match, input.suffix)
  )
}

/** True only when no file that a glob takes can have one of the suffixes; in doubt false. */
function suffixesExclude(globs: readonly string[], suffixes: readonly string[]): boolean {
  if (suffixes.length === 0) return false
  return globs.every((glob) => {
    const ending = literalEnding(glob)
    return suffixes.every((suffix) => !ending.endsWith(suffix) && !suffix.endsWith(ending))
  })
}

/** What every match of a glob ends in: the text after its last special character. */
const literalEnding = (glob: string) => /[^*?[\]{}()!+@|\\,]*$/u.exec(glob)?.[0] ?? ''
