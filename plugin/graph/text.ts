/** The graph as a tree: places and functions take turns; what a function does is drawn once. */
import type { Graph } from './graph.js'

interface Branch {
  label: string
  branches: Branch[]
}

export function graphText(graph: Graph): string[] {
  const drawn = new Set<string>()
  const drawFunction = (name: string, filter: string): Branch => {
    const label = withFilter(name, filter)
    const writes = graph.functions.find((entry) => entry.name === name)?.writes ?? []
    if (drawn.has(name)) return { label: writes.length > 0 ? `${label}, see above` : label, branches: [] }
    drawn.add(name)
    const branches = writes.map(({ place, filter: globs, readers }) => ({
      label: withFilter(place, globs),
      branches: readers.map((reader) => drawFunction(reader.function, reader.filter)),
    }))
    return { label, branches }
  }
  const entries = graph.entries.map(({ place, readers }) => ({
    label: place,
    branches: readers.map((reader) => drawFunction(reader.function, reader.filter)),
  }))
  const onRequest = graph.functions.filter(({ hasInput }) => !hasInput).map(({ name }) => drawFunction(name, ''))
  return [...entries, ...onRequest].flatMap((branch) => [branch.label, ...draw(branch.branches, '')])
}

const withFilter = (name: string, filter: string) => (filter === '' ? name : `${name} (${filter})`)

const draw = (branches: Branch[], indent: string): string[] =>
  branches.flatMap((branch, index) => {
    const isLast = index === branches.length - 1
    return [
      `${indent}${isLast ? '└─' : '├─'} ${branch.label}`,
      ...draw(branch.branches, `${indent}${isLast ? '   ' : '│  '}`),
    ]
  })
