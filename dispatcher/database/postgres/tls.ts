/** What an sslmode means to a TLS socket. */
import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { asError, SpillwayError } from '../../../runtime/contract/errors.js'
import type { PostgresAddress } from './address.js'

/** False = without TLS. Files are read anew for every connection, so that certificates can be renewed. */
export function tlsOptions({ tls }: PostgresAddress): ConnectionOptions | false {
  const { mode, rootCertificate, certificate, key } = tls
  if (mode === 'disable') return false
  return {
    rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-full',
    ...(mode === 'verify-ca' && { checkServerIdentity: () => undefined }),
    ...(rootCertificate !== undefined && { ca: read('sslrootcert', rootCertificate) }),
    ...(certificate !== undefined && { cert: read('sslcert', certificate) }),
    ...(key !== undefined && { key: read('sslkey', key) }),
  }
}

function read(parameter: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new SpillwayError(
      'invalid-configuration',
      `${parameter} of the database must name a file that can be read, got ${path}: ${asError(error).message}`,
    )
  }
}
