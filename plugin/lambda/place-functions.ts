/** Which functions go to Lambda, on which road, and what the compiler is told of them. Pure. */
import type {
  LambdaFunction,
  LambdaService,
  Road,
  RoleSettings,
} from '../../dispatcher/backends/lambda/compile/lambda-service.js'
import { lambdaMisfits } from '../../dispatcher/backends/lambda/limits.js'
import { specFor, type FunctionSpec } from '../../runtime/contract/function-spec.js'
import { isAwsS3, type ServiceConfig } from '../../runtime/contract/service-config.js'
import type { ServiceName } from '../names.js'
import type { FunctionBlock } from '../serverless.js'

/** A function that has been read; `passed` where Lambda is among its back-ends. */
export interface ReadFunction {
  key: string
  name: string
  spec: FunctionSpec
  passed?: FunctionBlock
}

export interface Placing extends ServiceName {
  region: string
  config: ServiceConfig
  provider: FunctionBlock
  functions: readonly ReadFunction[]
}

export interface Placed {
  lambda?: LambdaService
  /** Keys of functions that no dispatcher has a part in. */
  direct: string[]
  notes: string[]
}

export function placeFunctions({ functions, config, provider, ...stack }: Placing): Placed {
  const { lambda: settings } = config.backends
  if (!settings) return { direct: [], notes: [] }
  const willing = functions.filter(({ passed }) => passed !== undefined)
  const misfits = willing.map(({ key, spec }) => ({ key, reasons: lambdaMisfits(spec) }))
  const placed = willing
    .filter((_, index) => misfits[index]!.reasons.length === 0)
    .map((entry) => asLambdaFunction(entry, config))
  const lambda = {
    ...stack,
    storage: config.storage,
    stagingBucket: settings.stagingBucket,
    functions: placed,
    privateInputs: functions
      .filter(({ key }) => !placed.some((entry) => entry.key === key))
      .flatMap(({ spec }) => spec.input),
    role: roleSettings(provider),
  }
  const notes = misfits
    .filter(({ reasons }) => reasons.length > 0)
    .map(({ key, reasons }) => `${key} is not deployed to Lambda, where it can never run: ${reasons.join('; ')}`)
  return { lambda, direct: placed.filter(({ road }) => road === 'direct').map(({ key }) => key), notes }
}

const asLambdaFunction = ({ key, name, spec, passed = {} }: ReadFunction, config: ServiceConfig): LambdaFunction => ({
  key,
  name,
  spec: specFor(spec, 'lambda'),
  road: roadOf(spec, config),
  passed,
})

/** Without a dispatcher a function can only be where Lambda alone runs it and S3 holds its files. */
function roadOf({ backends, input, output }: FunctionSpec, config: ServiceConfig): Road {
  const others = (backends ?? Object.keys(config.backends)).some((name) => name !== 'lambda')
  const inS3 = [...input, ...output].every(({ storage }) => isAwsS3(config.storage[storage]))
  return !others && inS3 && config.dispatcher === undefined ? 'direct' : 'dispatched'
}

interface IamRole {
  statements?: object[]
  managedPolicies?: unknown[]
  permissionsBoundary?: unknown
  permissionBoundary?: unknown
  path?: string
  tags?: Record<string, string>
}

/** In the framework's newer words and in its older ones. */
function roleSettings(provider: FunctionBlock): RoleSettings {
  const role = (provider.iam as { role?: IamRole | string } | undefined)?.role
  const { statements, managedPolicies, permissionsBoundary, permissionBoundary, path, tags } =
    typeof role === 'object' && role !== null ? role : {}
  const boundary = permissionsBoundary ?? permissionBoundary ?? provider.rolePermissionsBoundary
  return {
    isGiven: provider.role !== undefined || typeof role === 'string' || isFunctionOfTemplate(role),
    statements: statements ?? (provider.iamRoleStatements as object[] | undefined) ?? [],
    managedPolicies: managedPolicies ?? (provider.iamManagedPolicies as unknown[] | undefined) ?? [],
    ...(boundary === undefined ? {} : { permissionsBoundary: boundary }),
    ...(path === undefined ? {} : { path }),
    ...(tags === undefined ? {} : { tags }),
  }
}

const isFunctionOfTemplate = (role: unknown) =>
  typeof role === 'object' && role !== null && Object.keys(role).some((key) => key.includes('::'))
