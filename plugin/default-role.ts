/**
 * The role that the framework makes for its own functions. Core adds to it what any function needs that has a network, a
 * file system and the like, ours too, although they have roles of their own: that is taken out again. Pure.
 */
import type { FunctionBlock, Template } from './serverless.js'

export const DEFAULT_ROLE_ID = 'IamRoleLambdaExecution'

interface Role {
  Properties: { Policies: { PolicyDocument: { Statement: object[] } }[]; ManagedPolicyArns?: object[] }
}

export interface Sharers {
  ours: readonly FunctionBlock[]
  ordinary: readonly FunctionBlock[]
  provider: FunctionBlock
}

/** The template with that role as it would be without our functions; without such a role, as it is. */
export function withoutOurs(template: Template, { ours, ordinary, provider }: Sharers): Template {
  const role = structuredClone(template.Resources[DEFAULT_ROLE_ID]) as Role | undefined
  if (!role) return template
  const { Properties: properties } = role
  const statements = properties.Policies[0]!.PolicyDocument.Statement
  for (const block of ours) for (const added of addedEach(block)) takeOut(statements, added)
  const needed = [provider, ...ordinary].flatMap(addedOnce)
  for (const added of ours.flatMap(addedOnce)) if (!includes(needed, added)) takeOut(statements, added)
  if (![provider, ...ordinary].some(hasNetwork)) takeOut(properties.ManagedPolicyArns ?? [], NETWORK_POLICY)
  if (properties.ManagedPolicyArns?.length === 0) delete properties.ManagedPolicyArns
  return { ...template, Resources: { ...template.Resources, [DEFAULT_ROLE_ID]: role } }
}

/** Core itself leaves an empty one where there was none. */
const hasNetwork = ({ vpc }: FunctionBlock) => vpc !== undefined && JSON.stringify(vpc) !== '{}'

const NETWORK_POLICY = {
  'Fn::Join': [
    '',
    ['arn:', { Ref: 'AWS::Partition' }, ':iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole'],
  ],
}

/** Statements that core adds for every function that needs them. */
function addedEach({ fileSystemConfig, onError }: FunctionBlock): object[] {
  const arn = (fileSystemConfig as { arn?: unknown } | undefined)?.arn
  const mount = ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite']
  return [
    ...(arn === undefined ? [] : [allow(mount, [arn])]),
    ...(typeof onError === 'string' ? [allow(['sns:Publish'], [onError])] : []),
  ]
}

/** Statements that core adds once, however many functions need them. */
function addedOnce({ tracing, kmsKeyArn }: FunctionBlock): object[] {
  return [
    ...(tracing ? [allow(['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], ['*'])] : []),
    ...(typeof kmsKeyArn === 'string' ? [allow(['kms:Decrypt'], [kmsKeyArn])] : []),
  ]
}

const allow = (Action: string[], Resource: unknown[]) => ({ Effect: 'Allow', Action, Resource })

/** The last one: the user's own come first. */
function takeOut(list: object[], item: object): void {
  const at = list.findLastIndex((other) => JSON.stringify(other) === JSON.stringify(item))
  if (at >= 0) list.splice(at, 1)
}

const includes = (list: readonly object[], item: object) =>
  list.some((other) => JSON.stringify(other) === JSON.stringify(item))
