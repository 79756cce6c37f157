/** Where an object of S3 is reached. Pure. */
import { escape, type Address } from './sigv4.js'

export interface S3Endpoint {
  region: string
  /** URL of a server that speaks S3, with the buckets in its paths; undefined: AWS itself. */
  endpoint?: string
}

export interface S3Object {
  bucket: string
  key: string
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html */
export function objectAddress({ region, endpoint }: S3Endpoint, { bucket, key }: S3Object): Address {
  const path = `/${key.split('/').map(escape).join('/')}`
  if (endpoint === undefined && isHostName(bucket))
    return { origin: `https://${bucket}.s3.${region}.${domainOf(region)}`, path }
  const { origin, pathname } = new URL(endpoint ?? `https://s3.${region}.${domainOf(region)}`)
  return { origin, path: `${pathname.replace(/\/+$/, '')}/${bucket}${path}` }
}

/** A bucket with a dot in its name has no certificate of its own. */
const isHostName = (bucket: string) => /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket)

/** https://docs.aws.amazon.com/general/latest/gr/rande.html */
export const domainOf = (region: string): string => (region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com')
