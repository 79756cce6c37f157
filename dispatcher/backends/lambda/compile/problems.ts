/** What would keep functions from being deployed to Lambda, found before anything is touched. Pure. */
import {
  LAMBDA_LIMITS,
  LAMBDA_NAME_LENGTH_MAX,
  LAMBDA_RESERVED_VARIABLES,
} from '../../../../runtime/contract/aws-limits.js'
import { stagingPrefix } from '../../../../runtime/contract/lambda-function.js'
import { formatLocation } from '../../../../runtime/contract/location.js'
import type { Problem } from '../../../../runtime/contract/problem.js'
import { BUCKET_HINT, BUCKET_PATTERN, isAwsS3 } from '../../../../runtime/contract/service-config.js'
import type { LambdaFunction, LambdaService } from './lambda-service.js'
import { clashes, notificationsFor, regionOf } from './notifications.js'

export const lambdaServiceProblems = (service: LambdaService): Problem[] => [
  ...service.functions.flatMap((entry) => [
    ...nameProblems(entry),
    ...environmentProblems(entry),
    ...placeProblems(entry, service),
  ]),
  ...clashProblems(service),
]

function nameProblems({ key, name }: LambdaFunction): Problem[] {
  if (name.length <= LAMBDA_NAME_LENGTH_MAX) return []
  return [
    {
      path: `functions.${key}`,
      expected: `must be called by at most ${LAMBDA_NAME_LENGTH_MAX} characters on Lambda, service and stage included; it has ${name.length}`,
      value: name,
      fix: 'Shorten the name of the service, the stage or the function.',
    },
  ]
}

/** Lambda measures the variables as the text of a JSON document. */
function environmentProblems({ key, spec }: LambdaFunction): Problem[] {
  const path = `functions.${key}.environment`
  const bytes = Buffer.byteLength(JSON.stringify(spec.environment))
  const reserved = Object.keys(spec.environment).filter((name) => LAMBDA_RESERVED_VARIABLES.includes(name))
  return [
    ...(bytes > LAMBDA_LIMITS.environmentBytes
      ? [
          {
            path,
            expected: `must be at most ${LAMBDA_LIMITS.environmentBytes} bytes on Lambda, all variables together, not ${bytes}`,
            fix: 'Put long values into a file and list it under `files`.',
          },
        ]
      : []),
    ...reserved.map((name) => ({
      path: `${path}.${name}`,
      expected: 'is a variable that Lambda sets itself',
      fix: 'Give it another name.',
    })),
  ]
}

function placeProblems(
  { key, road, spec }: LambdaFunction,
  { storage, region, stagingBucket }: LambdaService,
): Problem[] {
  return (['input', 'output'] as const).flatMap((side) =>
    spec[side].flatMap((rule, index): Problem[] => {
      const path = `functions.${key}.${side}[${index}]`
      const config = storage[rule.storage]
      if (!isAwsS3(config)) return []
      if (!new RegExp(BUCKET_PATTERN).test(rule.bucket))
        return [
          { path: `${path}.bucket`, expected: 'is no name of a bucket in S3', value: rule.bucket, fix: BUCKET_HINT },
        ]
      if (rule.bucket === stagingBucket && isStaging(rule.prefix))
        return [
          {
            path,
            expected: `must lie elsewhere than the files that pass through the staging bucket, below ${stagingPrefix('')}`,
            value: formatLocation(rule),
            fix: 'Use another bucket, or a prefix that does not begin like that.',
          },
        ]
      const found = regionOf(config!, region)
      if (road === 'direct' && side === 'input' && found !== region)
        return [
          {
            path,
            expected: `must be in ${region}, where the function is: S3 starts functions of its own region only`,
            value: found,
            fix: 'Deploy to that region, or use a dispatcher.',
          },
        ]
      return []
    }),
  )
}

const isStaging = (prefix: string) => 'spillway/'.startsWith(prefix) || prefix.startsWith('spillway/')

/** S3 tells one target of one object. */
function clashProblems(service: LambdaService): Problem[] {
  return clashes(notificationsFor(service)).map(([one, other]) => ({
    path: `functions.${keyOf(service, one.target.name) ?? keyOf(service, other.target.name)}.input`,
    expected: `takes objects of ${one.bucket} that ${describe(service, other.target.name)} takes too, and S3 reports an object to one of them only`,
    fix: 'Give them prefixes or suffixes of their own, or set `spillway.dispatcher`: it starts any number of functions.',
  }))
}

const keyOf = (service: LambdaService, name: string) => service.functions.find((entry) => entry.name === name)?.key

const describe = (service: LambdaService, name: string) => {
  const key = keyOf(service, name)
  return key === undefined ? 'the dispatcher' : `functions.${key}`
}
