/** Our part of a service, read and found to be right. */
import type { LambdaService } from '../dispatcher/backends/lambda/compile/lambda-service.js'
import type { FunctionSpec } from '../runtime/contract/function-spec.js'
import type { ServiceConfig } from '../runtime/contract/service-config.js'
import type { ServiceName } from './names.js'

export interface ServiceFunction {
  /** Key in `functions`. */
  key: string
  /** Name in the dispatcher, and in AWS. */
  name: string
  spec: FunctionSpec
}

export interface Service extends ServiceName {
  /** Where serverless.yml lies. */
  directory: string
  config: ServiceConfig
  /** Those that a dispatcher knows. */
  functions: ServiceFunction[]
  /** Those on Lambda that need none: S3 starts them, or a request. */
  direct: ServiceFunction[]
  /** What goes into the stack; absent where Lambda is not configured. */
  lambda?: LambdaService
  /** What its user should know of functions that could be on Lambda and are not. */
  notes: string[]
}

export const allFunctions = ({ functions, direct }: Pick<Service, 'functions' | 'direct'>): ServiceFunction[] => [
  ...functions,
  ...direct,
]

export const isDirect = ({ direct }: Pick<Service, 'direct'>, { key }: Pick<ServiceFunction, 'key'>): boolean =>
  direct.some((entry) => entry.key === key)

/** Has a dispatcher a part in it at all? One without functions of ours may still be asked. */
export const needsDispatcher = ({ functions, direct }: Pick<Service, 'functions' | 'direct'>): boolean =>
  functions.length > 0 || direct.length === 0
