/** What a function may do in AWS: read its inputs, write its results, use its part of the staging bucket, and log. Pure. */
import { isAwsS3 } from '../../../../runtime/contract/service-config.js'
import { parseSecretName, stagingPrefix } from '../../../../runtime/contract/lambda-function.js'
import { attributeOf, logGroupArn, objectsArn, secretArn, type Arn } from './arns.js'
import type { LambdaFunction, LambdaService } from './lambda-service.js'
import { logicalId } from './names.js'

export interface Statement {
  Effect: 'Allow'
  Action: string[]
  Resource: Arn[] | '*'
}

const READ = ['s3:GetObject', 's3:GetObjectVersion']
const WRITE = ['s3:PutObject', 's3:AbortMultipartUpload']

export function statementsFor(entry: LambdaFunction, service: LambdaService): Statement[] {
  const { name, spec } = entry
  const inputs = spec.input.filter(({ storage }) => isAwsS3(service.storage[storage]))
  const outputs = entry.road === 'direct' ? spec.output : []
  return [
    allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroupArn(name)]),
    ...allowSome(READ, inputs.map(asObjects)),
    ...allowSome(WRITE, outputs.map(asObjects)),
    ...stagingStatements(entry, service),
    ...allowSome(
      ['secretsmanager:GetSecretValue'],
      spec.secrets.map(({ from }) => secretArn(parseSecretName(from).name)),
    ),
    ...frameworkStatements(entry),
  ]
}

const asObjects = ({ bucket, prefix }: { bucket: string; prefix: string }) => objectsArn(bucket, prefix)

/** Without a dispatcher nothing is left there, only large requests are read. */
function stagingStatements({ name, road }: LambdaFunction, { stagingBucket }: LambdaService): Statement[] {
  const own = [objectsArn(stagingBucket, stagingPrefix(name))]
  return [allow(['s3:GetObject'], own), ...(road === 'dispatched' ? [allow(WRITE, own)] : [])]
}

/** What the framework would add to the role that it makes itself, for words that it handles. */
function frameworkStatements({ road, spec, passed }: LambdaFunction): Statement[] {
  const { fileSystemConfig, tracing, kmsKeyArn } = passed
  const fileSystem = (fileSystemConfig as { arn?: Arn } | undefined)?.arn
  const hasDeadLetters = road === 'direct' && spec.input.length > 0 && passed.onError === undefined
  return [
    ...(hasDeadLetters ? [allow(['sqs:SendMessage'], [attributeOf(logicalId('DeadLetters'))])] : []),
    ...(typeof passed.onError === 'string' ? [allow(['sns:Publish'], [passed.onError])] : []),
    ...(fileSystem ? [allow(['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'], [fileSystem])] : []),
    ...(tracing ? [allow(['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], '*')] : []),
    ...(kmsKeyArn ? [allow(['kms:Decrypt'], [kmsKeyArn as Arn])] : []),
  ]
}

const allow = (Action: string[], Resource: Statement['Resource']): Statement => ({ Effect: 'Allow', Action, Resource })

const allowSome = (actions: string[], resources: Arn[]): Statement[] => {
  const distinct = [...new Map(resources.map((arn) => [JSON.stringify(arn), arn])).values()]
  return distinct.length > 0 ? [allow(actions, distinct)] : []
}
