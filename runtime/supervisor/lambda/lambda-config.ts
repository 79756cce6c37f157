/** The environment and the function's file on Lambda, read once, at the start. */
import { LAMBDA_FUNCTION_FILE, type LambdaFunctionFile } from '../../contract/lambda-function.js'
import { isRuntimeClient } from '../../contract/runtime-client.js'
import { asError } from '../../contract/errors.js'
import { SUPERVISOR_VARIABLES } from '../../contract/worker-environment.js'
import type { Credentials } from '../aws/sigv4.js'
import { ConfigError, readText, required, type Environment } from '../config.js'

export interface LambdaConfig {
  file: LambdaFunctionFile
  scratch: string
  /** Variables that a script starts with, before those of its attempt. */
  inherited: Record<string, string>
  /** The function's own variables. */
  environment: Record<string, string>
  /** Of the function's role. */
  credentials: Credentials
  region: string
  /** URL of a server that stands in for AWS. */
  endpoints: { s3?: string; secrets?: string }
  /** Of the function, as Lambda counts; 1 for `$LATEST`. */
  version: number
  logGroup: string
  logStream: string
  /** True where every process of the machine but Lambda's own was started by us. */
  ownsMachine: boolean
}

/** Where images have their programs. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const SCRATCH = '/tmp/spillway'

export function readLambdaConfig(environment: Environment, parent: number): LambdaConfig {
  const file = readFunctionFile(environment[SUPERVISOR_VARIABLES.functionFile] ?? LAMBDA_FUNCTION_FILE)
  const region = required(environment, 'AWS_REGION')
  const [s3, secrets] = ['S3', 'SECRETS_MANAGER'].map(
    (service) => environment[`AWS_ENDPOINT_URL_${service}`] ?? environment.AWS_ENDPOINT_URL,
  )
  return Object.freeze({
    file,
    scratch: environment[SUPERVISOR_VARIABLES.scratch] ?? SCRATCH,
    inherited: inheritedBy(environment, file),
    environment: Object.fromEntries(file.variables.map((name) => [name, environment[name] ?? ''])),
    credentials: readCredentials(environment),
    region,
    endpoints: { ...(s3 ? { s3 } : {}), ...(secrets ? { secrets } : {}) },
    version: Number(environment.AWS_LAMBDA_FUNCTION_VERSION) || 1,
    logGroup: environment.AWS_LAMBDA_LOG_GROUP_NAME ?? '',
    logStream: environment.AWS_LAMBDA_LOG_STREAM_NAME ?? '',
    ownsMachine: parent <= 1 && !!environment.AWS_LAMBDA_INITIALIZATION_TYPE,
  })
}

function readCredentials(environment: Environment): Credentials {
  const sessionToken = environment.AWS_SESSION_TOKEN
  return {
    accessKeyId: required(environment, 'AWS_ACCESS_KEY_ID'),
    secretAccessKey: required(environment, 'AWS_SECRET_ACCESS_KEY'),
    ...(sessionToken ? { sessionToken } : {}),
  }
}

function readFunctionFile(path: string): LambdaFunctionFile {
  const text = readText(path, "function's file")
  try {
    return JSON.parse(text) as LambdaFunctionFile
  } catch (error) {
    throw new ConfigError(`the function's file ${path} cannot be read: ${asError(error).message}`)
  }
}

/**
 * A script finds what its image says, and nothing of Lambda's or the role's. A runtime client of the image's own finds all
 * that it would without us: what was hidden from us by an empty value is given back.
 */
function inheritedBy(environment: Environment, { run, imageEnvironment }: LambdaFunctionFile): Record<string, string> {
  if (!isRuntimeClient(run)) return { PATH, HOME: '/tmp', ...imageEnvironment }
  const ours = new Set<string>(Object.values(SUPERVISOR_VARIABLES))
  const theirs = Object.entries(environment).flatMap(([name, value]): [string, string][] =>
    value && !ours.has(name) ? [[name, value]] : [],
  )
  return { ...imageEnvironment, ...Object.fromEntries(theirs) }
}
