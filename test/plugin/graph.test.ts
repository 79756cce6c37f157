import assert from 'node:assert/strict'
import fc from 'fast-check'
import { dot, mermaid } from '../../plugin/graph/diagram.js'
import { buildGraph, type Graph } from '../../plugin/graph/graph.js'
import { graphText } from '../../plugin/graph/text.js'
import { readFunctionSpec } from '../../runtime/contract/read-function-spec.js'

const graphOf = (functions: Record<string, object>): Graph =>
  buildGraph(
    Object.entries(functions).map(([key, block]) => {
      const context = { path: key, storages: ['here', 'lake'], backends: ['local'] as const }
      return { key, spec: readFunctionSpec({ command: ['x'], ...block }, context).value! }
    }),
  )

const FAN = graphOf({
  split: { input: 'here://in/', output: 'here://parts/' },
  count: { input: { storage: 'here', bucket: 'parts', suffix: ['.txt', '.md'] }, output: 'here://out/words/' },
  total: { input: { storage: 'here', bucket: 'parts', suffix: '.csv' }, output: 'here://out/tables/' },
  collect: { input: 'here://out/', output: { storage: 'lake', bucket: 'report', match: ['*.html', '*.pdf'] } },
  answer: {},
})

describe('the graph of a service', () => {
  it('is a tree of places and functions, each function drawn once', () => {
    assert.deepEqual(graphText(FAN), [
      'here://in/',
      '└─ split',
      '   └─ here://parts/',
      '      ├─ count (.txt, .md)',
      '      │  └─ here://out/words/',
      '      │     └─ collect',
      '      │        └─ lake://report/ (*.html, *.pdf)',
      '      └─ total (.csv)',
      '         └─ here://out/tables/',
      '            └─ collect, see above',
      'answer',
    ])
  })

  it('joins a function that reads and writes one place to others by what it writes there', () => {
    const graph = graphOf({
      note: {
        input: { storage: 'here', bucket: 'b', suffix: '.txt' },
        output: { storage: 'here', bucket: 'b', match: '*.json' },
      },
      read: { input: { storage: 'here', bucket: 'b', suffix: '.json' } },
    })
    assert.deepEqual(graphText(graph), [
      'here://b/',
      '└─ note (.txt)',
      '   └─ here://b/ (*.json)',
      '      └─ read (.json)',
    ])
    assert.deepEqual(mermaid(graph).slice(-3), ['  p0 -->|".txt"| f0', '  p0 -->|".json"| f1', '  f0 -->|"*.json"| p0'])
  })

  it('is Mermaid and DOT with every name in quotes', () => {
    assert.deepEqual(mermaid(FAN), [
      'flowchart LR',
      '  p0[("here://in/")]',
      '  p1[("here://parts/")]',
      '  p2[("here://out/words/")]',
      '  p3[("here://out/tables/")]',
      '  p4[("lake://report/")]',
      '  f0["split"]',
      '  f1["count"]',
      '  f2["total"]',
      '  f3["collect"]',
      '  f4["answer"]',
      '  p0 --> f0',
      '  p1 -->|".txt, .md"| f1',
      '  p1 -->|".csv"| f2',
      '  p2 --> f3',
      '  p3 --> f3',
      '  f0 --> p1',
      '  f1 --> p2',
      '  f2 --> p3',
      '  f3 -->|"*.html, *.pdf"| p4',
    ])
    const lines = dot(FAN)
    assert.deepEqual([lines[0], lines.at(-1)], ['digraph spillway {', '}'])
    assert.ok(lines.includes('  p4 [shape=cylinder, label="lake://report/"]'))
    assert.ok(lines.includes('  f3 -> p4 [label="*.html, *.pdf"]'))
  })

  it('stays whole whatever places and endings are called', () => {
    const quoted = String.raw`"(\\.|[^"\\\n])*"`
    const inDot = new RegExp(`p0 \\[shape=cylinder, label=${quoted}\\]\n.*\n  p0 -> f0 \\[label=${quoted}\\]\n\\}$`)
    const inMermaid = /^flowchart LR\n {2}p0\[\("[^"\n]*"\)\]\n {2}f0\["f"\]\n {2}p0 -->\|"[^"\n]+"\| f0$/
    const any = fc.oneof(
      fc.string({ unit: 'binary-ascii', minLength: 1 }),
      fc.constantFrom('größe/', '植物', '🌱"]', '\u2028', '\ud800'),
    )
    fc.assert(
      fc.property(any, any, (place, filter) => {
        const entries = [{ place, readers: [{ function: 'f', filter }] }]
        const graph: Graph = { entries, functions: [{ name: 'f', hasInput: true, writes: [] }] }
        assert.match(dot(graph).join('\n'), inDot)
        assert.match(mermaid(graph).join('\n'), inMermaid)
      }),
    )
  })
})
