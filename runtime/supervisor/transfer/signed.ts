/** Fetches one file from S3 with the function's own role; what broke off is tried again. */
import type { S3Object } from '../aws/s3-address.js'
import type { S3Client } from '../aws/s3-client.js'
import { receive } from './http-grant.js'
import { persistently } from './persistently.js'
import type { Download } from './transfer.js'

export interface SignedDownload extends Omit<Download, 'grant'> {
  s3: S3Client
  object: S3Object
  /** Of the bucket, where it is known. */
  region?: string | undefined
}

export const readSigned = ({ s3, object, region, ...rest }: SignedDownload): Promise<void> =>
  persistently(rest.signal, async () =>
    receive(await s3.open({ method: 'GET', object, region, signal: rest.signal }), rest),
  )
