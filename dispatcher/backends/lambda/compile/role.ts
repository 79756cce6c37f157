/** The role of one function, with what `provider.iam.role` says of all. Pure. */
import { managedPolicyArn } from './arns.js'
import type { LambdaFunction, LambdaService } from './lambda-service.js'
import { roleName } from './names.js'
import { statementsFor } from './statements.js'

/** Interfaces in a network of the user's; the actions know no resources. */
const NETWORK_POLICY = 'service-role/AWSLambdaENIManagementAccess'

/** Named, so that `deploy function` finds it. */
export function roleFor(entry: LambdaFunction, service: LambdaService): object {
  const { statements, managedPolicies, permissionsBoundary, path, tags } = service.role
  const policies = [...(entry.passed.vpc ? [managedPolicyArn(NETWORK_POLICY)] : []), ...managedPolicies]
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName: roleName(entry.name, service.region),
      ...(path === undefined ? {} : { Path: path }),
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: ['lambda.amazonaws.com'] }, Action: ['sts:AssumeRole'] }],
      },
      Policies: [
        {
          PolicyName: 'spillway',
          PolicyDocument: { Version: '2012-10-17', Statement: [...statementsFor(entry, service), ...statements] },
        },
      ],
      ...(policies.length > 0 ? { ManagedPolicyArns: policies } : {}),
      ...(permissionsBoundary === undefined ? {} : { PermissionsBoundary: permissionsBoundary }),
      ...(tags ? { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) } : {}),
    },
  }
}
