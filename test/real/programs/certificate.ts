/** A certificate that is its own authority, for a server on one address. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** Leaves `public.crt` and `private.key` in the directory. */
export function makeCertificate(directory: string, address: string): void {
  const files = ['-out', join(directory, 'public.crt'), '-keyout', join(directory, 'private.key')]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=test', '-addext', `subjectAltName=IP:${address},DNS:localhost`]
  execFileSync('openssl', ['req', ...kind, ...files, ...names], { stdio: 'pipe' })
}
