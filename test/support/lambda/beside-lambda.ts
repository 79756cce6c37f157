/** A dispatcher beside the Lambda and the S3 of this process: what its file and its environment must say. */
import type { SmallS3 } from '../s3/small-s3.js'
import type { LambdaEndpoint } from './lambda-endpoint.js'
import { STAGING_BUCKET } from './small-lambda.js'

export interface SmallAws {
  endpoint: LambdaEndpoint
  s3: SmallS3
}

export const beside = ({ s3, endpoint }: SmallAws): Record<string, string> => ({
  AWS_ENDPOINT_URL_LAMBDA: endpoint.url,
  AWS_ENDPOINT_URL_S3: s3.url,
  AWS_ACCESS_KEY_ID: s3.keys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3.keys.secretAccessKey,
  AWS_SESSION_TOKEN: s3.keys.sessionToken ?? '',
})

export const onLambda = (more: object = {}) => ({ stagingBucket: STAGING_BUCKET, region: 'eu-west-1', ...more })
