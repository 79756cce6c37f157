/** A function as it is deployed and as it would be: what a deploy changes, in its spec, its files, and where it runs. Pure. */
import { functionDefinition } from '../../dispatcher/backends/lambda/compile/function-definition.js'
import type { LambdaFunction } from '../../dispatcher/backends/lambda/compile/lambda-service.js'
import { roleFor } from '../../dispatcher/backends/lambda/compile/role.js'
import { lambdaMisfits } from '../../dispatcher/backends/lambda/limits.js'
import type { FileFacts } from '../../runtime/contract/dispatcher-api.js'
import { specFor, type FunctionSpec } from '../../runtime/contract/function-spec.js'
import { configuredBackends } from '../../runtime/contract/service-config.js'
import { formatBytes } from '../../runtime/contract/units.js'
import { kubernetesPreview } from '../kubernetes-objects.js'
import type { Service } from '../service.js'
import { changes, type Change } from './changes.js'

/** A function with its files, as far as they can be compared. */
export interface Sketch {
  name: string
  spec: FunctionSpec
  files: readonly FileFacts[]
}

/** What changed: the spec, a packaged file, or an object that the function becomes somewhere. */
export interface PartChange extends Change {
  of: 'spec' | 'file' | 'Kubernetes Job' | 'Kubernetes Secret' | 'Lambda function' | 'Lambda role'
}

type Surroundings = Pick<Service, 'config' | 'lambda'>

export function compareFunction(before: Sketch, after: Sketch, service: Surroundings): PartChange[] {
  const [then, now] = [objectsOf(before, service), objectsOf(after, service)]
  const kinds = [...new Set([...Object.keys(then), ...Object.keys(now)])] as ObjectKind[]
  return [
    ...asPart('spec', changes(plain(before.spec), plain(after.spec))),
    ...asPart('file', fileChanges(before.files, after.files)),
    ...kinds.flatMap((kind) => asPart(kind, changes(plain(then[kind]), plain(now[kind])))),
  ]
}

const asPart = (of: PartChange['of'], found: Change[]): PartChange[] => found.map((change) => ({ of, ...change }))

/** Keys without a value are no keys. */
const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))

type ObjectKind = Exclude<PartChange['of'], 'spec' | 'file'>

/** What the function becomes, by kind. */
export const objectsOf = (sketch: Sketch, service: Surroundings): Partial<Record<ObjectKind, object>> => ({
  ...kubernetesObjects(sketch, service),
  ...lambdaObjects(sketch, service),
})

function kubernetesObjects(sketch: Sketch, { config }: Surroundings) {
  const objects = kubernetesPreview(sketch, config)
  return objects ? { 'Kubernetes Job': objects.job, 'Kubernetes Secret': objects.secret } : {}
}

/** The framework's own words in it are on record in AWS alone: those of now stand for those of then. */
function lambdaObjects({ name, spec }: Sketch, { lambda, config }: Surroundings) {
  const listed = spec.backends ?? configuredBackends(config.backends)
  if (!lambda || !listed.includes('lambda') || lambdaMisfits(spec).length > 0) return {}
  const now = lambda.functions.find((entry) => entry.name === name)
  const { key = '', road = 'dispatched', passed = {} } = now ?? {}
  const entry: LambdaFunction = { key, name, road, passed, spec: specFor(spec, 'lambda') }
  return { 'Lambda function': functionDefinition(entry, lambda), 'Lambda role': roleFor(entry, lambda) }
}

/** Each path stands for itself, whatever characters are in it. */
function fileChanges(before: readonly FileFacts[], after: readonly FileFacts[]): Change[] {
  const [then, now] = [contents(before), contents(after)]
  const paths = [...new Set([...then.keys(), ...now.keys()])].sort()
  return paths.flatMap((path) => changes(then.get(path), now.get(path), path))
}

const contents = (files: readonly FileFacts[]): Map<string, string> =>
  new Map(files.map((file) => [file.path, contentOf(file)]))

const contentOf = ({ mode, bytes, sha256 }: FileFacts): string =>
  `${formatBytes(bytes)}, sha256 ${sha256.slice(0, 12)}${(mode & 0o100) === 0 ? '' : ', may be run'}`
