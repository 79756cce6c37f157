/** `serverless spillway dev`: an embedded dispatcher, the functions in it, and each invocation as it ends, until Ctrl-C. */
import { mkdirSync } from 'node:fs'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { numberOption, option, type CommandContext } from '../context.js'
import { DispatcherClient } from '../dispatcher-client.js'
import { dropFolders } from '../drop-folders.js'
import { startEmbedded, type EmbeddedDispatcher } from '../embedded-dispatcher.js'
import { followInvocations } from '../follow-invocations.js'
import { findEmbedded } from '../locate-dispatcher.js'
import { redeployOnChange } from '../redeploy-on-change.js'
import { stopSignal } from '../stop-signal.js'
import { register } from './deploy.js'

export async function dev(context: CommandContext): Promise<void> {
  const port = numberOption(context, 'port', { minimum: 0, default: 0 })
  await refuseSecond(context)
  makeDropFolders(context)
  const stopped = stopSignal()
  const dispatcher = await startEmbedded(context.service, { port, signal: stopped })
  try {
    await serve(context, dispatcher, AbortSignal.any([stopped, dispatcher.ended]))
  } finally {
    context.output.log.notice('Stopping the dispatcher')
    await dispatcher.stop()
  }
}

async function serve(context: CommandContext, dispatcher: EmbeddedDispatcher, signal: AbortSignal): Promise<void> {
  const { output, service } = context
  const client = new DispatcherClient(dispatcher.address)
  output.log.success(`Dispatcher at ${client.url} (pid ${dispatcher.address.pid}; API at ${client.url}/docs)`)
  await register(context)
  output.log.notice('Press Ctrl-C to stop')
  const names = service.functions.map(({ name }) => name)
  await Promise.all([redeployOnChange(context, signal), followInvocations({ client, names, output, signal })])
  if (!dispatcher.ended.aborted) return
  throw new SpillwayError(
    'dispatcher-unreachable',
    `The dispatcher has ended by itself; its log ends with:\n${dispatcher.lastWords()}`,
  )
}

async function refuseSecond(context: CommandContext): Promise<void> {
  const { config, directory } = context.service
  if (config.dispatcher)
    throw new SpillwayError(
      'invalid-request',
      `This service uses the dispatcher at ${config.dispatcher}; \`dev\` starts one of its own. Leave out \`spillway.dispatcher\` for stage ${option(context, 'stage') ?? context.service.stage} to use it.`,
    )
  const running = await findEmbedded(directory)
  if (running)
    throw new SpillwayError(
      'invalid-request',
      `A dispatcher of this service runs already: pid ${running.pid}, ${running.url}. Stop it first, or use it.`,
    )
}

/** So that there is a place to drop files into. */
function makeDropFolders({ service }: CommandContext): void {
  for (const { spec } of service.functions)
    for (const folder of dropFolders(service, [...spec.input, ...spec.output])) mkdirSync(folder, { recursive: true })
}
