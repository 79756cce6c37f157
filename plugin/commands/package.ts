/** `serverless package`: says in `.serverless/` what would be registered, and what it becomes in a cluster, without either. */
import { join, resolve } from 'node:path'
import { option, type CommandContext } from '../context.js'
import { objectFiles, writeObjects } from '../kubernetes-objects.js'
import { buildRegistrations, writePackage, type PackagedImage } from '../registration.js'
import { allFunctions } from '../service.js'

export interface Beside {
  aws: boolean
  configuredPath: string | undefined
  /** Of the functions on Lambda, by key. */
  images?: ReadonlyMap<string, PackagedImage>
}

/** Beside AWS the framework itself moves `.serverless/` to where `--package` says; without AWS we write there. */
export function packageService(context: CommandContext, beside: Beside): void {
  const { directory } = context.service
  const functions = allFunctions(context.service)
  const wanted = option(context, 'package') ?? beside.configuredPath
  const target = beside.aws || wanted === undefined ? join(directory, '.serverless') : resolve(directory, wanted)
  const file = writePackage(target, buildRegistrations(context.service, functions), beside.images)
  writeObjects(target, objectFiles(context.service))
  for (const note of context.service.notes) context.output.log.notice(note)
  if (!beside.aws) context.output.log.success(`Packaged ${functions.length} function(s) into ${file}`)
}
