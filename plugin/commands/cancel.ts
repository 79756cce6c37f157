/** `serverless spillway cancel ID`: what waits is not started, what runs is stopped. */
import { demandId, dispatcherOf, type CommandContext } from '../context.js'
import { resolveId } from '../list-invocations.js'

export async function cancel(context: CommandContext, word: string | undefined): Promise<void> {
  const wanted = demandId(context, word)
  const client = await dispatcherOf(context)
  const id = await resolveId(client, wanted, context.service.functions)
  await client.cancel(id)
  context.output.log.success(`${id}: cancelled`)
}
