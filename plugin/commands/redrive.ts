/** `serverless spillway redrive`: queues one failed invocation again, or all dead letters of a function. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import { dispatcherOf, functionOption, option, type CommandContext } from '../context.js'
import { resolveId } from '../list-invocations.js'

export async function redrive(context: CommandContext, word: string | undefined): Promise<void> {
  const { service, output } = context
  const all = option(context, 'function') !== undefined
  const id = word ?? option(context, 'id')
  if (all === (id !== undefined))
    throw new SpillwayError(
      'invalid-request',
      'Name one invocation (`serverless spillway redrive ID`) or a function (`-f NAME`) whose failed invocations shall all run again.',
    )
  if (id === undefined) return redriveFunction(context)
  const client = await dispatcherOf(context)
  const found = await resolveId(client, id, service.functions)
  await client.redrive(found)
  output.log.success(`${found}: queued again`)
}

async function redriveFunction(context: CommandContext): Promise<void> {
  const { name } = functionOption(context)
  const client = await dispatcherOf(context)
  const redriven = await client.redriveFunction(name)
  context.output.log.success(`${name}: ${redriven} invocation(s) queued again`)
}
