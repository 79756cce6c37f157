/** Functions and the places between them, as `serverless spillway graph` draws them. */
import { formatLocation } from '../../runtime/contract/location.js'
import { feeds } from '../../runtime/contract/workflow.js'
import type { InputRule, OutputRule } from '../../runtime/contract/function-spec.js'
import type { ServiceFunction } from '../service.js'

/** A function that takes files from a place. */
export interface Reader {
  function: string
  /** Endings that it takes; empty = all. */
  filter: string
}

/** Files of a place, and who is started by them. */
export interface Source {
  place: string
  readers: Reader[]
}

/** What a function writes to one place; `readers` are those that its own files there can start. */
export interface Written extends Source {
  /** Globs of the files that go there; empty = all. */
  filter: string
}

export interface Graph {
  /** Places that no function writes to. */
  entries: Source[]
  functions: { name: string; hasInput: boolean; writes: Written[] }[]
}

type Specs = readonly Pick<ServiceFunction, 'key' | 'spec'>[]

export function buildGraph(specs: Specs): Graph {
  const outputs = specs.flatMap(({ spec }) => spec.output)
  const isFed = (input: InputRule) => outputs.some((output) => feeds(output, input))
  return {
    entries: entriesOf(specs, (input) => !isFed(input)),
    functions: specs.map(({ key, spec }) => ({
      name: key,
      hasInput: spec.input.length > 0,
      writes: spec.output.map((output) => written(output, specs)),
    })),
  }
}

function entriesOf(specs: Specs, isEntry: (input: InputRule) => boolean): Source[] {
  const places = new Map<string, Reader[]>()
  for (const { key, spec } of specs)
    for (const input of spec.input.filter(isEntry)) {
      const place = formatLocation(input)
      places.set(place, [...(places.get(place) ?? []), reader(key, input)])
    }
  return [...places].map(([place, readers]) => ({ place, readers }))
}

const written = (output: OutputRule, specs: Specs): Written => ({
  place: formatLocation(output),
  filter: output.match.includes('**') ? '' : output.match.join(', '),
  readers: specs.flatMap(({ key, spec }) =>
    spec.input.filter((input) => feeds(output, input)).map((input) => reader(key, input)),
  ),
})

const reader = (name: string, { suffix }: InputRule): Reader => ({ function: name, filter: suffix.join(', ') })
