/** A function in the words of the framework, which compiles it like any image function of its own. Pure. */
import { LAMBDA_LIMITS } from '../../../../runtime/contract/aws-limits.js'
import { lambdaTimeout } from '../../../../runtime/contract/lambda-function.js'
import { steering } from '../../steering.js'
import { attributeOf } from './arns.js'
import type { LambdaFunction, LambdaService } from './lambda-service.js'
import { logicalId } from './names.js'

/** Retries of Lambda's own, after the first try: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
const ASYNC_RETRIES_MAX = 2

export interface FunctionDefinition extends Record<string, unknown> {
  name: string
  image: FrameworkImage
  role?: string
}

export interface FrameworkImage {
  uri: string
  entryPoint?: string[]
  command?: string[]
  workingDirectory?: string
}

/** Stands for the image until it is known: the framework looks at what follows the @. */
const NO_IMAGE = `spillway@sha256:${'0'.repeat(64)}`

export const roleId = ({ name }: Pick<LambdaFunction, 'name'>): string => logicalId('Role', name)

/** False where the user has given one. */
export const getsRole = ({ passed }: LambdaFunction, { role }: LambdaService): boolean =>
  passed.role === undefined && !role.isGiven

export function functionDefinition(entry: LambdaFunction, service: LambdaService): FunctionDefinition {
  const { name, spec, passed } = entry
  return {
    ...asynchronous(entry),
    ...passed,
    name,
    image: { uri: NO_IMAGE },
    memorySize: spec.memorySize,
    timeout: lambdaTimeout(spec.timeout),
    ephemeralStorageSize: Math.max(spec.ephemeralStorageSize, LAMBDA_LIMITS.ephemeralStorageMin),
    architecture: spec.architecture,
    environment: forSupervisor(spec.environment),
    events: [],
    ...(getsRole(entry, service) ? { role: roleId(entry) } : {}),
  }
}

/**
 * Variables that would steer the loader or Node are for the script alone, which gets them from the function file: here
 * they are empty, and so they are in place of those of the image.
 */
export const forSupervisor = (environment: Readonly<Record<string, string>>): Record<string, string> => ({
  ...environment,
  ...hiddenOf(environment),
})

/** Those variables, without their values. */
export const hiddenOf = (environment: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.keys(steering(environment)).map((name) => [name, '']))

/** What S3 starts is tried again by Lambda, and ends in the queue of dead letters; a dispatcher sees to that itself. */
function asynchronous({ road, spec }: LambdaFunction): Record<string, unknown> {
  if (road === 'dispatched') return {}
  return {
    maximumRetryAttempts: Math.min(spec.retries.attempts - 1, ASYNC_RETRIES_MAX),
    ...(spec.input.length > 0 ? { onError: attributeOf(logicalId('DeadLetters')) } : {}),
    ...(spec.concurrency === undefined ? {} : { reservedConcurrency: spec.concurrency }),
  }
}

/** The kit's command in place of the image's, whose CMD and WORKDIR would get in its way: they are for the script. */
export function kitImage(uri: string, kitCommand: readonly string[]): FrameworkImage {
  return { uri, entryPoint: kitCommand.slice(0, -1), command: kitCommand.slice(-1), workingDirectory: '/' }
}

/** In the account and region of the stack, whichever they are; `repository` is that of the service. */
export const imageUri = (repository: string, digest: string): object => ({
  'Fn::Sub': `\${AWS::AccountId}.dkr.ecr.\${AWS::Region}.\${AWS::URLSuffix}/${repository}@${digest}`,
})
