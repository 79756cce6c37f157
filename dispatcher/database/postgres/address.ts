/** Reads `postgres://user@host/database`. What it says of a URL repeats nothing of it that may be a password. */
import { SpillwayError } from '../../../runtime/contract/errors.js'

export interface PostgresAddress {
  /** A name, an IP address, or the directory of a socket. */
  host: string
  port: number
  user: string
  database: string
  password?: string
  tls: TlsChoice
  /** For people: the URL without password and parameters. */
  name: string
}

/** https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION */
export const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
export type SslMode = (typeof SSL_MODES)[number]

export interface TlsChoice {
  mode: SslMode
  /** Paths of PEM files. */
  rootCertificate?: string
  certificate?: string
  key?: string
}

export const isPostgresUrl = (url: string): boolean => /^postgres(ql)?:/.test(url)

const DEFAULT_PORT = 5432
const PARAMETERS = ['host', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey'] as const
type Parameter = (typeof PARAMETERS)[number]

/** `password` goes before the one of the URL. */
export function readPostgresUrl(text: string, password?: string): PostgresAddress {
  const url = parse(text)
  const problems = problemsOf(url)
  if (problems.length > 0) throw refused(problems)
  const host = parameter(url, 'host') ?? decode(url.hostname).replace(/^\[|\]$/g, '')
  const address = {
    host,
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    user: decode(url.username),
    database: decode(url.pathname.slice(1)),
    tls: tlsOf(url, host),
  }
  const secret = password ?? (url.password === '' ? undefined : decode(url.password))
  return { ...address, name: nameOf(address), ...(secret !== undefined && { password: secret }) }
}

function parse(text: string): URL {
  try {
    const url = new URL(text)
    ;[url.hostname, url.username, url.password, url.pathname].forEach(decode)
    return url
  } catch {
    throw refused(['be a URL whose user and password have no bare %, /, ?, # or @ (write %25, %2F, %3F, %23, %40)'])
  }
}

const decode = (part: string): string => decodeURIComponent(part)

function problemsOf(url: URL): string[] {
  const mode = parameter(url, 'sslmode')
  const checks: [isRight: boolean, must: string][] = [
    [url.hostname !== '' || parameter(url, 'host') !== undefined, 'name a host'],
    [!url.hostname.includes(','), 'name one host'],
    [url.username !== '', 'name a user'],
    [/^\/[^/]+$/.test(url.pathname), 'name one database after the host'],
    [url.hash === '', 'have no # (write %23 in a password)'],
    [hasKnownParameters(url), `have no parameters but ${PARAMETERS.join(', ')}, each once`],
    [mode === undefined || isSslMode(mode), `have an sslmode of ${SSL_MODES.join(', ')}`],
    [parameter(url, 'sslcert') === undefined || parameter(url, 'sslkey') !== undefined, 'have sslkey beside sslcert'],
  ]
  return checks.filter(([isRight]) => !isRight).map(([, must]) => must)
}

const parameter = (url: URL, name: Parameter): string | undefined => parameters(url).get(name) ?? undefined

/** A plus sign is one, as in file names. */
const parameters = ({ search }: URL) => new URLSearchParams(search.replaceAll('+', '%2B'))

function hasKnownParameters(url: URL): boolean {
  const names = [...parameters(url).keys()]
  return names.length === new Set(names).size && names.every((name) => PARAMETERS.some((known) => known === name))
}

const isSslMode = (text: string): text is SslMode => SSL_MODES.some((mode) => mode === text)

/** As libpq has it: TLS if the server can, none on a socket; who names an authority wants it to be looked at. */
function tlsOf(url: URL, host: string): TlsChoice {
  const [given = 'prefer', rootCertificate] = [parameter(url, 'sslmode'), parameter(url, 'sslrootcert')]
  const mode = given === 'require' && rootCertificate !== undefined ? 'verify-ca' : (given as SslMode)
  const [certificate, key] = [parameter(url, 'sslcert'), parameter(url, 'sslkey')]
  return {
    mode: host.startsWith('/') ? 'disable' : mode,
    ...(rootCertificate !== undefined && { rootCertificate }),
    ...(certificate !== undefined && { certificate, key }),
  }
}

function nameOf({ host, port, user, database }: Pick<PostgresAddress, 'host' | 'port' | 'user' | 'database'>): string {
  const place = host.includes(':') ? `[${host}]` : host.startsWith('/') ? encodeURIComponent(host) : host
  return `postgres://${encodeURIComponent(user)}@${place}${port === DEFAULT_PORT ? '' : `:${port}`}/${encodeURIComponent(database)}`
}

const refused = (problems: string[]) =>
  new SpillwayError(
    'invalid-configuration',
    `database must ${problems.join(', and ')}; what came is not shown here, as it may hold a password. ` +
      'Write postgres://user@host/database, and give the password as SPILLWAY_DATABASE_PASSWORD.',
  )
