/** Commands that the framework has for Lambda functions and we do not have for ours. */
import { SpillwayError } from '../../runtime/contract/errors.js'

export function unavailable(command: string): never {
  throw new SpillwayError(
    'not-available',
    `\`serverless ${command}\` is for Lambda functions; the functions of this service run on Spillway. See \`serverless info\`, \`serverless logs -f NAME\` and \`serverless spillway invocations\`.`,
  )
}
