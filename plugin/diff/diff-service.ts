/** Every function of a service beside what is deployed of it: by the dispatcher's record, or by the last package. */
import { join } from 'node:path'
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { FunctionSpec } from '../../runtime/contract/function-spec.js'
import type { DispatcherClient } from '../dispatcher-client.js'
import { lastPackage, type Registration } from '../registration.js'
import { isDirect, type Service } from '../service.js'
import { compareFunction, objectsOf, type Sketch } from './compare-function.js'
import type { FunctionDiff } from './function-diff.js'

export interface DiffService {
  service: Service
  /** Of the functions that are looked at. */
  registrations: readonly Registration[]
  /** Names that are deployed and no longer in serverless.yml. */
  lost: readonly string[]
  /** Called only where some function has a dispatcher. */
  connect(): Promise<DispatcherClient>
}

/** In the order of serverless.yml; what a deploy takes away comes last. */
export async function diffService({ service, registrations, lost, connect }: DiffService): Promise<FunctionDiff[]> {
  const isAsked = lost.length > 0 || registrations.some((entry) => !isDirect(service, entry))
  const client = isAsked ? await connect() : undefined
  const recordOf = async (name: string) => client && deployedOf(name, client)
  const compared = registrations.map(async (entry) =>
    isDirect(service, entry) ? besidePackage(entry, service) : besideRecord(entry, service, await recordOf(entry.name)),
  )
  const gone = lost.map(async (name) => removed(name, await recordOf(name)))
  return [...(await Promise.all(compared)), ...(await Promise.all(gone)).flat()]
}

type Deployed = Awaited<ReturnType<DispatcherClient['function']>>

/** Undefined: the dispatcher does not know it. */
async function deployedOf(name: string, client: DispatcherClient): Promise<Deployed | undefined> {
  try {
    return await client.function(name)
  } catch (thrown) {
    if (thrown instanceof SpillwayError && thrown.code === 'function-not-found') return undefined
    throw thrown
  }
}

function besideRecord(entry: Registration, service: Service, deployed: Deployed | undefined): FunctionDiff {
  if (deployed) return compared(deployed, entry, service, { release: deployed.release })
  const objects = Object.keys(objectsOf(sketchOf(entry), service))
  return { name: entry.name, state: 'new', changes: [], ...(objects.length > 0 ? { objects } : {}) }
}

/** Nobody but AWS has a record of it: what was packaged last in this folder stands for that. */
function besidePackage(entry: Registration, service: Service): FunctionDiff {
  const { name } = entry
  const before = lastPackage(join(service.directory, '.serverless')).find((packaged) => packaged.name === name)
  if (before) return compared(before, entry, service, { note: 'beside the last package in .serverless' })
  return { name, state: 'unknown', changes: [], note: 'no dispatcher has it, and nothing of it is in .serverless' }
}

type Facts = Pick<FunctionDiff, 'release' | 'note'>

function compared(before: Pick<Deployed, 'spec' | 'files'>, entry: Registration, service: Service, facts: Facts) {
  const { name } = entry
  const then = { name, spec: unpinned(before.spec as FunctionSpec, entry.spec), files: before.files }
  const changes = compareFunction(then, sketchOf(entry), service)
  return { name, state: changes.length > 0 ? ('changed' as const) : ('unchanged' as const), changes, ...facts }
}

/** Without the version that the last deploy has written into it: which one comes next is not known before. */
function unpinned(before: FunctionSpec, after: FunctionSpec): FunctionSpec {
  if (before.lambda?.qualifier === undefined || after.lambda?.qualifier !== undefined) return before
  const { qualifier: _, ...own } = before.lambda
  const { lambda: __, ...spec } = before
  return after.lambda === undefined && Object.keys(own).length === 0 ? spec : { ...spec, lambda: own }
}

const sketchOf = ({ name, spec, facts }: Registration): Sketch => ({ name, spec, files: facts.files })

/** What somebody else has removed by now is no news. */
const removed = (name: string, deployed: Deployed | undefined): FunctionDiff[] =>
  deployed ? [{ name, state: 'removed', release: deployed.release, changes: [] }] : []
