/** The certificates of the cluster's parts, fresh for each cluster. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ADDRESSES, type ClusterPlace } from './place.js'

const DAYS = '30'

interface Holder {
  /** Distinguished name: `/O=group/CN=user`. */
  subject: string
  /** Of a server: what clients may call it by. */
  names?: string[]
}

const holders = ({ nodeName }: ClusterPlace): Record<string, Holder> => ({
  apiserver: {
    subject: '/CN=kube-apiserver',
    names: [
      'DNS:kubernetes.default.svc',
      'DNS:localhost',
      'IP:127.0.0.1',
      `IP:${ADDRESSES.node}`,
      `IP:${ADDRESSES.gateway}`,
      `IP:${ADDRESSES.apiService}`,
    ],
  },
  admin: { subject: '/O=system:masters/CN=admin' },
  'controller-manager': { subject: '/CN=system:kube-controller-manager' },
  scheduler: { subject: '/CN=system:kube-scheduler' },
  proxy: { subject: '/CN=system:kube-proxy' },
  node: { subject: `/O=system:nodes/CN=system:node:${nodeName}`, names: [`DNS:${nodeName}`, `IP:${ADDRESSES.node}`] },
})

export const certificateOf = ({ directory }: ClusterPlace, name: string) => ({
  certificate: join(directory, 'certificates', `${name}.crt`),
  key: join(directory, 'certificates', `${name}.key`),
})

/** The authority is `ca`; the keys of service accounts are `service-accounts.key` and `.pub`. */
export function writeCertificates(place: ClusterPlace): void {
  mkdirSync(join(place.directory, 'certificates'), { recursive: true })
  request(place, 'ca', ['-subj', '/CN=spillway-test-authority'])
  for (const [name, { subject, names }] of Object.entries(holders(place)))
    request(place, name, [...signedByAuthority(place), '-subj', subject, ...extensions(names)])
  writeServiceAccountKeys(place)
}

function request(place: ClusterPlace, name: string, words: string[]): void {
  const { certificate, key } = certificateOf(place, name)
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key]
  openssl('req', '-x509', ...newKey, '-days', DAYS, '-out', certificate, ...words)
}

const signedByAuthority = (place: ClusterPlace): string[] => {
  const { certificate, key } = certificateOf(place, 'ca')
  return ['-CA', certificate, '-CAkey', key]
}

const extensions = (names: string[] | undefined): string[] =>
  Object.entries({
    basicConstraints: 'critical,CA:FALSE',
    extendedKeyUsage: 'clientAuth,serverAuth',
    ...(names ? { subjectAltName: names.join(',') } : {}),
  }).flatMap(([name, value]) => ['-addext', `${name}=${value}`])

function writeServiceAccountKeys(place: ClusterPlace): void {
  const { key } = certificateOf(place, 'service-accounts')
  openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', key)
  openssl('pkey', '-in', key, '-pubout', '-out', serviceAccountPublicKey(place))
}

export const serviceAccountPublicKey = ({ directory }: ClusterPlace): string =>
  join(directory, 'certificates', 'service-accounts.pub')

const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: 'pipe' })
