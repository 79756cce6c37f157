/**
 * Programs that ask the Runtime API for their events themselves, as the images of AWS for Lambda do. They are not run
 * once per attempt: they are started once, and handed one event after the other.
 * https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#runtimes-images-ric
 */
import type { WorkerRun } from './runtime-api.js'

/** Words of a command line, without their folders, by which AWS's own clients are known. */
const CLIENTS: ReadonlySet<string> = new Set([
  'lambda-entrypoint.sh',
  'awslambdaric',
  'aws-lambda-ric',
  'aws_lambda_ric',
  'com.amazonaws.services.lambda.runtime.api.client.AWSLambda',
])

/** A client of another make is known only when it is said to be one. */
export const isRuntimeClient = (run: WorkerRun): boolean =>
  run.kind === 'command' && (run.runtimeClient ?? run.command.some((word) => CLIENTS.has(lastSegment(word))))

const lastSegment = (word: string) => word.slice(word.lastIndexOf('/') + 1)
