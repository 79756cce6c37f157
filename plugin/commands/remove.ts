/** `serverless remove`: takes the functions of this service out of the dispatcher; the record stays. */
import { dispatcherOf, type CommandContext } from '../context.js'
import { readDeployed, writeDeployed } from '../deployed.js'
import { findEmbedded } from '../locate-dispatcher.js'

export async function remove(context: CommandContext): Promise<void> {
  const { service, output } = context
  if (!service.config.dispatcher && !(await findEmbedded(service.directory))) {
    output.log.notice('No dispatcher runs for this service, so none of its functions runs either.')
    output.log.notice(
      'What it kept is in .spillway/: delete that folder, or start `serverless spillway dev` and remove again.',
    )
    return
  }
  const client = await dispatcherOf(context)
  const names = new Set([...service.functions.map(({ name }) => name), ...readDeployed(service)])
  for (const name of names) {
    if (await client.removeFunction(name)) output.log.success(`${name}: removed`)
    else output.log.notice(`${name}: was not deployed`)
  }
  writeDeployed(service, [])
}
