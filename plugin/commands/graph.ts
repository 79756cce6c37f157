/** `serverless spillway graph`: which function feeds which, through which place; from serverless.yml alone. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import { option, type CommandContext } from '../context.js'
import { dot, mermaid } from '../graph/diagram.js'
import { buildGraph, type Graph } from '../graph/graph.js'
import { allFunctions } from '../service.js'
import { graphText } from '../graph/text.js'

const GRAPH_FORMATS: Readonly<Record<string, (graph: Graph) => string[]>> = { text: graphText, mermaid, dot }

export function graph(context: CommandContext): void {
  const format = option(context, 'format') ?? 'text'
  const draw = Object.hasOwn(GRAPH_FORMATS, format) ? GRAPH_FORMATS[format] : undefined
  if (!draw)
    throw new SpillwayError(
      'invalid-request',
      `--format must be one of ${Object.keys(GRAPH_FORMATS).join(', ')}, got ${JSON.stringify(format)}.`,
    )
  const functions = allFunctions(context.service)
  if (functions.length === 0) return context.output.log.notice('There are no functions of Spillway in this service.')
  context.output.writeText(draw(buildGraph(functions)))
}
