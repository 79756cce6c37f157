/** Asks a program that keeps credentials: https://docs.docker.com/reference/cli/docker/login/#credential-helper-protocol */
import { execFile } from 'node:child_process'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { Credentials } from './credentials.js'

export interface HelperCall {
  /** E.g. `osxkeychain` for the program `docker-credential-osxkeychain`. */
  helper: string
  server: string
  environment: Readonly<Record<string, string | undefined>>
  signal?: AbortSignal | undefined
}

const ANSWER_MS = 30_000

/** User name that stands for a token. */
const TOKEN_USER = '<token>'

/** Undefined when it has none for that server. */
export async function askHelper(call: HelperCall): Promise<Credentials | undefined> {
  const { output, error } = await run(call)
  if (error && /not found/i.test(output)) return undefined
  if (error) throw unusable(call, error.code === 'ENOENT' ? 'there is no such program' : output.trim() || error.message)
  const { Username: username, Secret: password } = parse(output, call)
  if (username === undefined || password === undefined) throw unusable(call, 'its answer is not understood')
  return username === TOKEN_USER ? { identityToken: password } : { username, password }
}

/** The program says on standard output what went wrong, too. */
const run = ({ helper, server, environment, signal }: HelperCall) =>
  new Promise<{ output: string; error: NodeJS.ErrnoException | null }>((resolve) => {
    const options = { env: environment as NodeJS.ProcessEnv, timeout: ANSWER_MS, ...(signal ? { signal } : {}) }
    const child = execFile(`docker-credential-${helper}`, ['get'], options, (error, output) =>
      resolve({ output, error: error as NodeJS.ErrnoException | null }),
    )
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(server)
  })

function parse(output: string, call: HelperCall): { Username?: string; Secret?: string } {
  try {
    return JSON.parse(output) as { Username?: string; Secret?: string }
  } catch {
    throw unusable(call, 'its answer is no JSON')
  }
}

const unusable = ({ helper, server }: HelperCall, why: string) =>
  new SpillwayError(
    'invalid-configuration',
    `The credentials of ${server} are kept by docker-credential-${helper}, which cannot be used: ${why}. ` +
      'Install it, or set SPILLWAY_REGISTRY_<HOST>_USERNAME and _PASSWORD.',
  )
