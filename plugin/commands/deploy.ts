/** `serverless deploy`: registers the functions with the dispatcher and takes out those that serverless.yml lost. */
import { join } from 'node:path'
import type { FunctionDetails, PutFunctionAnswer } from '../../runtime/contract/dispatcher-api.js'
import type { FunctionSpec, InputRule } from '../../runtime/contract/function-spec.js'
import { formatLocation } from '../../runtime/contract/location.js'
import { dispatcherOf, functionOption, option, type CommandContext } from '../context.js'
import { readDeployed, writeDeployed } from '../deployed.js'
import type { DispatcherClient } from '../dispatcher-client.js'
import { dropFolders } from '../drop-folders.js'
import { buildRegistrations, checkAgainstPackage, writePackage, type Registration } from '../registration.js'
import { allFunctions, needsDispatcher, type Service, type ServiceFunction } from '../service.js'
import type { Output } from '../serverless.js'

interface Registered {
  registration: Pick<Registration, 'name' | 'spec'>
  answer: PutFunctionAnswer
}

/** Beside AWS the stack is there by now. */
export async function deploy(context: CommandContext, beside = { aws: false }): Promise<void> {
  const { service, output } = context
  const packageDirectory = option(context, 'package')
  if (packageDirectory !== undefined)
    checkAgainstPackage(packageDirectory, buildRegistrations(service, allFunctions(service)))
  if (beside.aws) await (await import('./lambda/finish.js')).finish(context)
  for (const entry of service.direct) sayDirect(entry, output)
  for (const note of service.notes) output.log.notice(note)
  if (!needsDispatcher(service) && readDeployed(service).length === 0) return
  const client = await dispatcherOf(context)
  const registrations = buildRegistrations(service)
  const pinned = beside.aws
    ? await (await import('./lambda/pin-versions.js')).pinVersions(registrations, context)
    : registrations
  const registered = await registerAll(client, pinned, context)
  const removed = await removeLost(client, service)
  report(registered, context)
  for (const name of removed) output.log.success(`${name}: removed, it is no longer in the configuration`)
}

/** `serverless deploy function -f NAME`; of one that no dispatcher knows the framework has done it all. */
export async function deployFunction(context: CommandContext, beside = { aws: false }): Promise<void> {
  const { service } = context
  if (beside.aws && !service.functions.some(({ key }) => key === option(context, 'function'))) return
  const chosen = functionOption(context)
  const registrations = buildRegistrations(service, [chosen])
  const client = await dispatcherOf(context)
  const registered = await registerAll(client, registrations, context)
  writeDeployed(service, [...new Set([...readDeployed(service), chosen.name])])
  report(registered, context)
}

/**
 * Registers what the dispatcher has of a function, but for the version that it calls on Lambda: what lies in the folder by
 * now is not deployed with it.
 */
export async function registerVersion(
  context: CommandContext,
  { client, deployed }: { client: DispatcherClient; deployed: FunctionDetails },
  version: string,
): Promise<void> {
  const { name, release: filesOf } = deployed
  const before = deployed.spec as FunctionSpec
  const spec = { ...before, lambda: { ...before.lambda, qualifier: version } }
  const answer = await client.putFunction(name, { spec, files: [], filesOf })
  report([{ registration: { name, spec }, answer }], context)
}

/** What `dev` runs after a change: registers without AWS, and leaves the list of packaged files for it. */
export async function register(context: CommandContext): Promise<void> {
  writePackage(join(context.service.directory, '.serverless'), buildRegistrations(context.service))
  await deploy({ ...context, options: {} })
}

async function registerAll(
  client: DispatcherClient,
  registrations: Registration[],
  { output }: CommandContext,
): Promise<Registered[]> {
  const progress = output.progress.create({
    message: `Registering ${registrations.length} function(s) with ${client.url}`,
  })
  const registered: Registered[] = []
  try {
    for (const registration of registrations)
      registered.push({ registration, answer: await client.putFunction(registration.name, registration.body) })
  } finally {
    progress.remove()
  }
  return registered
}

/** Only names that were deployed from this directory are taken out, never merely similar ones of another service. */
async function removeLost(client: DispatcherClient, service: Service): Promise<string[]> {
  const names = service.functions.map(({ name }) => name)
  const lost = readDeployed(service).filter((name) => !names.includes(name))
  for (const name of lost) await client.removeFunction(name)
  writeDeployed(service, names)
  return lost
}

function report(registered: Registered[], { service, output }: CommandContext): void {
  for (const { registration, answer } of registered) {
    const release = answer.created ? `release ${answer.release}` : `unchanged, release ${answer.release}`
    output.log.success(`${registration.name}: ${release}`)
    for (const warning of answer.warnings ?? []) output.log.warning(`${registration.name}: ${warning}`)
    for (const note of answer.notes) output.log.notice(`  ${note}`)
    for (const place of dropPlaces(service, registration)) output.log.notice(`  ${place}`)
  }
}

function sayDirect({ name, spec }: ServiceFunction, output: Output): void {
  output.log.success(`${name}: on Lambda, without a dispatcher`)
  for (const rule of spec.input)
    output.log.notice(`  drop files${endings(rule)} into s3://${rule.bucket}/${rule.prefix}`)
}

function dropPlaces(service: Service, { spec }: Registered['registration']): string[] {
  return spec.input.map((rule) => {
    // A dispatcher elsewhere has its folders elsewhere.
    const folder = service.config.dispatcher === undefined ? dropFolders(service, [rule])[0] : undefined
    return `drop files${endings(rule)} into ${folder ?? formatLocation(rule)}`
  })
}

const endings = ({ suffix }: InputRule) => (suffix.length > 0 ? ` (${suffix.join(', ')})` : '')
