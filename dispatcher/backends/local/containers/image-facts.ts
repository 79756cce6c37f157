/** What an image says about itself: https://github.com/opencontainers/image-spec/blob/main/config.md */

export interface ImageFacts {
  /** Digest of its configuration: a name may come to mean another image, this does not. */
  id: string
  /** ENTRYPOINT and CMD. */
  program: string[]
  /** WORKDIR; `/` where it has none, as an engine would have it. */
  workingDirectory: string
  environment: Record<string, string>
}

/** From the output of `image inspect`, which is the same in all that matters here. */
export function imageFacts(inspection: string): ImageFacts {
  const [image] = JSON.parse(inspection) as [Inspection]
  const { Entrypoint, Cmd, WorkingDir, Env } = image.Config ?? {}
  return {
    id: image.Id,
    program: [...(Entrypoint ?? []), ...(Cmd ?? [])],
    workingDirectory: WorkingDir || '/',
    environment: Object.fromEntries((Env ?? []).map(asEntry)),
  }
}

interface Inspection {
  Id: string
  Config?: { Entrypoint?: string[] | null; Cmd?: string[] | null; WorkingDir?: string; Env?: string[] | null }
}

function asEntry(variable: string): [string, string] {
  const at = variable.indexOf('=')
  return at < 0 ? [variable, ''] : [variable.slice(0, at), variable.slice(at + 1)]
}
