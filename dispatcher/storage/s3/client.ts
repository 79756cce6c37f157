/** The SDK's client for one store: AWS itself or any endpoint that speaks S3. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { StorageKeys } from '../../../runtime/contract/service-config.js'

export interface Connection {
  /** Without one: AWS. */
  endpoint?: string
  region?: string
  /** Bucket in the path of URLs, not in the host name. */
  pathStyle: boolean
  /** PEM; without it, the authorities that Node.js trusts. */
  ca?: string
  /** Without them: what the SDK finds by itself, such as the role of the machine. */
  keys?: StorageKeys
}

/** What stores of other makers take signatures for that have no regions. */
export const DEFAULT_REGION = 'us-east-1'

const CONNECT_MS = 5000
/** Of silence. Stores send blanks while they put a large object together. */
const IDLE_MS = 60_000
const SOCKETS_MAX = 64
const TRIES_MAX = 3

export function connect({ endpoint, region, pathStyle, ca, keys }: Connection): S3Client {
  const place = endpoint === undefined ? {} : { endpoint, region: DEFAULT_REGION }
  const agent = { keepAlive: true, maxSockets: SOCKETS_MAX }
  return new S3Client({
    ...place,
    ...(region === undefined ? {} : { region }),
    ...(keys === undefined ? {} : { credentials: credentialsOf(keys) }),
    forcePathStyle: pathStyle,
    // Not every store knows the checksums that newer SDKs add to every request.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: TRIES_MAX,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: IDLE_MS,
      httpAgent: agent,
      httpsAgent: { ...agent, ...(ca === undefined ? {} : { ca }) },
    },
  })
}

const credentialsOf = ({ accessKey, secretKey, sessionToken }: StorageKeys): S3ClientConfig['credentials'] => ({
  accessKeyId: accessKey,
  secretAccessKey: secretKey,
  ...(sessionToken === undefined ? {} : { sessionToken }),
})
