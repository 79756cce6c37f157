/** Services for the Lambda compiler, from functions as people write them. */
import { specFor } from '../../runtime/contract/function-spec.js'
import { readFunctionSpec } from '../../runtime/contract/read-function-spec.js'
import { formatProblems } from '../../runtime/contract/problem.js'
import type { LambdaFunction, LambdaService, Road } from '../../dispatcher/backends/lambda/compile/lambda-service.js'

export const STORAGES: LambdaService['storage'] = {
  lake: { type: 's3' },
  far: { type: 's3', region: 'us-west-2' },
  minio: { type: 'minio', endpoint: 'https://minio.example.org' },
}

/** As `readFunctionSpec` gives it, for Lambda. */
export function lambdaFunction(
  key: string,
  written: Record<string, unknown>,
  { road = 'direct', passed = {} }: { road?: Road; passed?: LambdaFunction['passed'] } = {},
): LambdaFunction {
  const names = { path: key, storages: Object.keys(STORAGES), backends: ['local', 'lambda'] as const }
  const { value, problems } = readFunctionSpec({ image: 'a/b:1', ...written }, names)
  if (!value) throw new Error(formatProblems(problems))
  return { key, name: `garden-dev-${key}`, spec: specFor(value, 'lambda'), road, passed }
}

export const lambdaService = (functions: LambdaFunction[], more: Partial<LambdaService> = {}): LambdaService => ({
  service: 'garden',
  stage: 'dev',
  region: 'eu-west-1',
  storage: STORAGES,
  stagingBucket: 'garden-staging',
  functions,
  privateInputs: [],
  role: { isGiven: false, statements: [], managedPolicies: [] },
  ...more,
})
