/** What the supervisor on Lambda is told of its function, from the spec and from what the image says about itself. Pure. */
import { posix } from 'node:path'
import { LAMBDA_LIMITS } from '../../../../runtime/contract/aws-limits.js'
import { SpillwayError } from '../../../../runtime/contract/errors.js'
import type { FunctionSpec } from '../../../../runtime/contract/function-spec.js'
import {
  LAMBDA_FILES_DIRECTORY,
  stagingPrefix,
  type LambdaFunctionFile,
  type LambdaStorage,
} from '../../../../runtime/contract/lambda-function.js'
import type { WorkerRun } from '../../../../runtime/contract/runtime-api.js'
import { steering } from '../../steering.js'
import type { ImageFacts } from '../../../images/image-facts.js'
import type { LambdaFunction, LambdaService } from './lambda-service.js'

export interface FunctionFileSource {
  entry: LambdaFunction
  service: Pick<LambdaService, 'storage' | 'stagingBucket'>
  facts: ImageFacts
  /** Of the spec and the packaged files. */
  digest: string
}

export function functionFile({ entry, service, facts, digest }: FunctionFileSource): LambdaFunctionFile {
  const { name, spec } = entry
  const steered = steering(spec.environment)
  return {
    function: name,
    digest,
    run: runOf(spec, facts),
    filesDir: LAMBDA_FILES_DIRECTORY,
    workingDirectory: facts.workingDirectory,
    user: facts.user,
    imageEnvironment: { ...facts.environment, ...steered },
    variables: Object.keys(spec.environment).filter((variable) => !(variable in steered)),
    secrets: spec.secrets,
    input: spec.input,
    output: spec.output,
    storages: storagesOf(spec, service.storage),
    isolation: spec.isolation,
    staging: { bucket: service.stagingBucket, prefix: stagingPrefix(name) },
    limits: {
      timeout: Math.min(spec.timeout, LAMBDA_LIMITS.timeout),
      memorySize: spec.memorySize,
      ephemeralStorageSize: Math.max(spec.ephemeralStorageSize, LAMBDA_LIMITS.ephemeralStorageMin),
    },
  }
}

function runOf({ script, command }: FunctionSpec, { program, reference }: ImageFacts): WorkerRun {
  if (script !== undefined) return { kind: 'script', path: posix.normalize(script) }
  if (command !== undefined) return { kind: 'command', command }
  if (program.length > 0) return { kind: 'command', command: program }
  throw new SpillwayError(
    'image-refused',
    `The image ${reference} has neither ENTRYPOINT nor CMD, and the function neither \`script\` nor \`command\`: there is nothing to run.`,
  )
}

function storagesOf({ input, output }: FunctionSpec, storage: LambdaService['storage']): Record<string, LambdaStorage> {
  const names = [...new Set([...input, ...output].map((rule) => rule.storage))].sort()
  return Object.fromEntries(
    names.map((name) => {
      const region = storage[name]?.region
      return [name, region === undefined ? {} : { region }]
    }),
  )
}
