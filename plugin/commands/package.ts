/** `serverless package`: says in `.serverless/spillway.json` what would be registered, without a dispatcher. */
import { join, resolve } from 'node:path'
import { option, type CommandContext } from '../context.js'
import { buildRegistrations, writePackage } from '../registration.js'

/** Beside AWS the framework itself moves `.serverless/` to where `--package` says; without AWS we write there. */
export function packageService(
  context: CommandContext,
  beside: { aws: boolean; configuredPath: string | undefined },
): void {
  const { directory } = context.service
  const wanted = option(context, 'package') ?? beside.configuredPath
  const target = beside.aws || wanted === undefined ? join(directory, '.serverless') : resolve(directory, wanted)
  const file = writePackage(target, buildRegistrations(context.service))
  if (!beside.aws) context.output.log.success(`Packaged ${context.service.functions.length} function(s) into ${file}`)
}
