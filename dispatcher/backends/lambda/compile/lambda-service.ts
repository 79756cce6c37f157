/** What the compiler starts from: functions of a service that are to be on Lambda, and their surroundings. */
import type { FunctionSpec } from '../../../../runtime/contract/function-spec.js'
import type { StorageConfig } from '../../../../runtime/contract/service-config.js'

/** `direct`: S3 starts it and it writes to S3 itself; `dispatched`: a dispatcher calls it and publishes what it stages. */
export type Road = 'direct' | 'dispatched'

export interface LambdaFunction {
  /** Key in `functions`. */
  key: string
  /** Name in AWS and in the dispatcher. */
  name: string
  /** As Lambda sees it. */
  spec: FunctionSpec
  road: Road
  /** Words of the framework that are none of ours: `vpc`, `tags`, `fileSystemConfig` ... */
  passed: Readonly<Record<string, unknown>>
}

export interface LambdaService {
  service: string
  stage: string
  /** Of the stack. */
  region: string
  storage: Readonly<Record<string, StorageConfig>>
  stagingBucket: string
  functions: readonly LambdaFunction[]
  /** Input rules of functions that have a dispatcher and no place on Lambda. */
  privateInputs: readonly FunctionSpec['input'][number][]
  role: RoleSettings
}

/** What `provider.iam.role` says of all roles of the service. */
export interface RoleSettings {
  /** A role of the user's, for all functions: none is made. */
  isGiven: boolean
  statements: readonly object[]
  managedPolicies: readonly unknown[]
  permissionsBoundary?: unknown
  path?: string
  tags?: Readonly<Record<string, string>>
}
