/** What an image says about itself: https://github.com/opencontainers/image-spec/blob/main/config.md */
import type { FunctionSpec } from '../../runtime/contract/function-spec.js'
import type { ImageConfig } from './manifest.js'

/** As in the function spec: `x86_64` or `arm64`. */
export type Architecture = FunctionSpec['architecture']

export interface ImageFacts {
  /** The image of one architecture, pinned: `registry/name@sha256:...`. */
  reference: string
  /** Digest of its configuration. */
  id: string
  architecture: Architecture
  entrypoint: string[]
  command: string[]
  /** ENTRYPOINT and CMD, what runs where neither script nor command is given; may be empty. */
  program: string[]
  /** WORKDIR; `/` where it has none, as an engine would have it. */
  workingDirectory: string
  /** USER as written: a name or number, perhaps with `:group`; empty = root. */
  user: string
  environment: Record<string, string>
}

/** From an image's configuration. */
export function factsOf({ reference, id, architecture, config }: Described): ImageFacts {
  const { Entrypoint, Cmd, WorkingDir, User, Env } = config.config ?? {}
  const [entrypoint, command] = [Entrypoint ?? [], Cmd ?? []]
  return {
    reference,
    id,
    architecture,
    entrypoint,
    command,
    program: [...entrypoint, ...command],
    workingDirectory: WorkingDir || '/',
    user: User ?? '',
    environment: Object.fromEntries((Env ?? []).map(asEntry)),
  }
}

interface Described extends Pick<ImageFacts, 'reference' | 'id' | 'architecture'> {
  config: ImageConfig
}

function asEntry(variable: string): [string, string] {
  const at = variable.indexOf('=')
  return at < 0 ? [variable, ''] : [variable.slice(0, at), variable.slice(at + 1)]
}
