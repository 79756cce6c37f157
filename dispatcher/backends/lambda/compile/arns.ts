/** Names of things in AWS as policies want them, for whatever partition, region and account the stack is in. Pure. */

/** Text or a function of CloudFormation. */
export type Arn = string | Readonly<Record<string, unknown>>

const PARTITION = { Ref: 'AWS::Partition' }
const REGION = { Ref: 'AWS::Region' }
const ACCOUNT = { Ref: 'AWS::AccountId' }

const join = (...parts: unknown[]): Arn => ({ 'Fn::Join': ['', parts] })

export const bucketArn = (bucket: string): Arn => join('arn:', PARTITION, `:s3:::${bucket}`)

/** Every object whose key starts with the prefix. */
export const objectsArn = (bucket: string, prefix: string): Arn =>
  join('arn:', PARTITION, `:s3:::${bucket}/${literally(prefix)}*`)

export const logGroupArn = (functionName: string): Arn =>
  join('arn:', PARTITION, ':logs:', REGION, ':', ACCOUNT, `:log-group:/aws/lambda/${functionName}:*`)

/** Secrets Manager adds a hyphen and six characters to every name. */
export const secretArn = (name: string): Arn =>
  join('arn:', PARTITION, ':secretsmanager:', REGION, ':', ACCOUNT, `:secret:${literally(name)}-??????`)

export const managedPolicyArn = (path: string): Arn => join('arn:', PARTITION, `:iam::aws:policy/${path}`)

export const attributeOf = (logicalId: string, attribute = 'Arn'): Arn => ({ 'Fn::GetAtt': [logicalId, attribute] })

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars */
const literally = (text: string) => text.replace(/[*?$]/g, (character) => `\${${character}}`)
