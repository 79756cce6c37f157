/** The graph as Mermaid (https://mermaid.js.org/syntax/flowchart.html) and DOT (https://graphviz.org/doc/info/lang.html). */
import type { Graph } from './graph.js'

interface Edge {
  from: string
  to: string
  label: string
}

interface Diagram {
  /** Id -> what is written on it. */
  places: [id: string, label: string][]
  functions: [id: string, label: string][]
  edges: Edge[]
}

export function mermaid(graph: Graph): string[] {
  const { places, functions, edges } = diagramOf(graph)
  return [
    'flowchart LR',
    ...places.map(([id, label]) => `  ${id}[("${entities(label)}")]`),
    ...functions.map(([id, label]) => `  ${id}["${entities(label)}"]`),
    ...edges.map(({ from, to, label }) => `  ${from} -->${label === '' ? '' : `|"${entities(label)}"|`} ${to}`),
  ]
}

export function dot(graph: Graph): string[] {
  const { places, functions, edges } = diagramOf(graph)
  return [
    'digraph spillway {',
    '  rankdir=LR',
    ...places.map(([id, label]) => `  ${id} [shape=cylinder, label=${quoted(label)}]`),
    ...functions.map(([id, label]) => `  ${id} [shape=box, label=${quoted(label)}]`),
    ...edges.map(({ from, to, label }) => `  ${from} -> ${to}${label === '' ? '' : ` [label=${quoted(label)}]`}`),
    '}',
  ]
}

/** A DOT string; inside it Graphviz reads HTML's names of characters. */
const quoted = (text: string) => JSON.stringify(text.replaceAll('&', '&amp;'))

/** Inside quotes Mermaid reads `#name;` as a character; everything that could end a label or be markup goes that way. */
const entities = (text: string) =>
  text.replace(/[^\p{L}\p{N} .,:/*_-]/gu, (character) => `#${character.codePointAt(0)};`)

function diagramOf(graph: Graph): Diagram {
  const written = graph.functions.flatMap(({ writes }) => writes)
  const places = numbered(
    'p',
    [...graph.entries, ...written].map(({ place }) => place),
  )
  const functions = numbered(
    'f',
    graph.functions.map(({ name }) => name),
  )
  const reads = [...graph.entries, ...written].flatMap(({ place, readers }) =>
    readers.map(({ function: name, filter }) => ({
      from: places.get(place)!,
      to: functions.get(name)!,
      label: filter,
    })),
  )
  const writes = graph.functions.flatMap((entry) =>
    entry.writes.map(({ place, filter }) => ({
      from: functions.get(entry.name)!,
      to: places.get(place)!,
      label: filter,
    })),
  )
  return { places: swapped(places), functions: swapped(functions), edges: withoutDoubles([...reads, ...writes]) }
}

const numbered = (letter: string, labels: string[]): Map<string, string> =>
  new Map([...new Set(labels)].map((label, index) => [label, `${letter}${index}`]))

const swapped = (ids: Map<string, string>) => [...ids].map(([label, id]): [string, string] => [id, label])

const withoutDoubles = (edges: Edge[]): Edge[] => [
  ...new Map(edges.map((edge) => [JSON.stringify(Object.values(edge)), edge])).values(),
]
