/** `serverless spillway diff`: what a deploy would change; nothing is touched, and AWS is not asked. */
import { anyFunctionOption, dispatcherOf, option, type CommandContext } from '../context.js'
import { readDeployed } from '../deployed.js'
import { diffService } from '../diff/diff-service.js'
import { diffLines, isDifferent } from '../diff/function-diff.js'
import { buildRegistrations } from '../registration.js'
import { allFunctions } from '../service.js'

const LAMBDA_NOTE =
  "Of Lambda, what comes from the spec is compared: not the framework's own words, and not what others changed in AWS."

/** True when there is a difference. */
export async function diff(context: CommandContext): Promise<boolean> {
  const { service, output } = context
  const isWhole = option(context, 'function') === undefined
  const functions = isWhole ? allFunctions(service) : [anyFunctionOption(context)]
  const names = service.functions.map(({ name }) => name)
  const found = await diffService({
    service,
    registrations: buildRegistrations(service, functions),
    lost: isWhole ? readDeployed(service).filter((name) => !names.includes(name)) : [],
    connect: () => dispatcherOf(context),
  })
  if (context.options.json === true) output.writeText(JSON.stringify(found, undefined, 2))
  else if (found.length > 0) output.writeText(found.flatMap(diffLines))
  if (functions.some(({ key }) => service.lambda?.functions.some((entry) => entry.key === key)))
    output.log.notice(LAMBDA_NOTE)
  return found.some(isDifferent)
}
